// The words of the page in both languages; {n} and {name} are filled in.

const WORDS = {
  en: {
    title: "WeCom Sandbox",
    scenario: "Scenario",
    cosmetics: "Cosmetics shop",
    clothing: "Clothing chain",
    empty: "Empty",
    calls: "API calls",
    clock: "Clock (Beijing)",
    hour: "+1 h",
    day: "+1 day",
    language: "中文",
    back: "Back",
    members: "Members",
    customers: "Customers",
    searchMembers: "Search members",
    searchCustomers: "Search name, remark or id",
    noMembers: "No member yet. Add one through POST /sandbox/members.",
    noCustomers: "No customer yet. Add one through POST /sandbox/customers.",
    nothingFound: "Nobody of that name.",
    shown: "{shown} of {total} shown: search for the others.",
    waiting: "{n} waiting",
    received: "{n} received",
    followedBy: "with {names}",
    notFollowed: "no member any more",
    nothingWaiting: "No broadcast waits for {name}.",
    asks: "Your company asks you to send this",
    recipients: "to {n} customers",
    oneRecipient: "to 1 customer",
    reminded: "reminded",
    confirm: "Confirm and send",
    later: "Not now",
    result: "Sent to {sent} · not a friend {notFriend} · capped {capped}",
    putAside: "Put aside until a reminder comes.",
    noMessages: "{name} has received nothing yet.",
    picture: "Picture",
    gone: "no longer kept (3 days)",
    miniProgram: "Mini Program",
    video: "Video",
    file: "File",
    unreachable: "The sandbox does not answer. Is it still running?",
  },
  zh: {
    title: "企业微信沙箱",
    scenario: "场景",
    cosmetics: "美妆门店",
    clothing: "服装连锁",
    empty: "空白",
    calls: "接口调用",
    clock: "时钟（北京）",
    hour: "+1 小时",
    day: "+1 天",
    language: "English",
    back: "返回",
    members: "成员",
    customers: "客户",
    searchMembers: "搜索成员",
    searchCustomers: "搜索昵称、备注或 ID",
    noMembers: "还没有成员，可通过 POST /sandbox/members 添加。",
    noCustomers: "还没有客户，可通过 POST /sandbox/customers 添加。",
    nothingFound: "没有找到。",
    shown: "显示 {shown} / {total}，其余请搜索。",
    waiting: "{n} 条待发送",
    received: "已收到 {n} 条",
    followedBy: "联系人：{names}",
    notFollowed: "已没有成员",
    nothingWaiting: "{name} 没有待发送的群发。",
    asks: "企业通知你群发以下内容",
    recipients: "发送给 {n} 位客户",
    oneRecipient: "发送给 1 位客户",
    reminded: "已提醒",
    confirm: "确认发送",
    later: "暂不发送",
    result: "已送达 {sent} · 非好友 {notFriend} · 接收上限 {capped}",
    putAside: "已搁置，收到提醒后会再次出现。",
    noMessages: "{name} 还没有收到消息。",
    picture: "图片",
    gone: "素材已过期（3 天）",
    miniProgram: "小程序",
    video: "视频",
    file: "文件",
    unreachable: "沙箱没有响应，是否仍在运行？",
  },
};

let language = navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";

export function currentLanguage() {
  return language;
}

export function switchLanguage() {
  language = language === "en" ? "zh" : "en";
}

/** The text for `key` in the current language, its {placeholders} filled from `values`. */
export function word(key, values = {}) {
  const text = WORDS[language][key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/** A Unix time as the people in the sandbox see it: Beijing time. */
export function clockTime(seconds, withSeconds = false) {
  const options = { timeZone: "Asia/Shanghai", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" };
  if (withSeconds) options.second = "2-digit";
  const format = new Intl.DateTimeFormat(language === "zh" ? "zh-CN" : "en-GB", { ...options, hourCycle: "h23" });
  return format.format(new Date(seconds * 1000));
}
