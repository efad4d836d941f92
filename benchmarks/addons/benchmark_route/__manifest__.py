{
    "name": "Benchmark Route",
    "summary": "A bare route with one insert, for the callback benchmark to compare with",
    "version": "19.0.1.0.0",
    "author": "WeCom Customer Reach",
    "license": "LGPL-3",
    "depends": ["web"],
    "installable": True,
}
