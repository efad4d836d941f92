"""Names, places and wordings the scenarios are made of. All people are invented."""

SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
    "苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史"
    "顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
)
FEMALE_NAMES = (
    "芳 娜 敏 静 丽 艳 娟 霞 秀英 桂英 玉兰 婷 雪 倩 颖 琳 佳怡 欣怡 梓涵 雨桐 诗涵 梦洁 思琪 晓燕 海燕 "
    "美玲 淑珍 慧敏 丽华 春梅 冬梅 玉梅 红梅 凤英 秋菊 文静 晓彤 雅婷 子萱 一诺 可馨 紫涵 若曦 语嫣 心怡 "
    "佩玲 惠君 月华 素芬 巧云"
).split()
MALE_NAMES = (
    "伟 强 磊 军 洋 勇 杰 涛 明 超 刚 平 辉 鹏 建国 建军 志强 志明 海涛 浩然 子轩 宇航 俊杰 文博 天宇 "
    "思远 国庆 永康 家豪 晨曦"
).split()
NICKNAMES = (
    "小鹿 阳光灿烂 静待花开 一米阳光 糖糖 小满 云淡风轻 向日葵 月亮姐姐 柠檬不酸 花开富贵 豆豆妈 晴天 "
    "甜甜圈 海阔天空 微笑面对 橘子汽水 岁月静好 小确幸 清风 朵朵 果果妈妈 平安是福 星河 南风 樱桃小丸子 "
    "奶茶三分甜 懒猫 雨后彩虹 小太阳"
).split()
MOBILE_PREFIXES = (
    "134 135 136 137 138 139 150 151 152 157 158 159 182 183 187 188 130 131 132 155 156 185 186 133 153 180 181 189"
).split()


def _pairs(text):
    """(Chinese, Latin) pairs of ``text``."""
    return [tuple(pair.split(":")) for pair in text.split()]


MEMBER_SURNAMES = _pairs(
    "林:lin 陈:chen 周:zhou 吴:wu 徐:xu 孙:sun 何:he 郭:guo 罗:luo 梁:liang 宋:song 唐:tang 郑:zheng 邓:deng 冯:feng"
)
MEMBER_NAMES = _pairs(
    "小满:xiaoman 雨晴:yuqing 佳宁:jianing 思雨:siyu 梦瑶:mengyao 子墨:zimo "
    "晓梅:xiaomei 欣然:xinran 文轩:wenxuan 诗雅:shiya 嘉怡:jiayi"
)

OWN_BROADCASTS = (
    "早上好！今天到店有小样相送，等您来。",
    "新品试用装到了，给您留了一份。",
    "周末店里安排了护理体验，想来的话告诉我时间。",
    "会员日双倍积分，记得来看看。",
    "换季了，有需要搭配的随时找我。",
)
