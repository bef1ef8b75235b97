#include "exporter/status/style.h"

/* SHA-256 of status_style, in base64. */
#define STYLE_HASH "oZn6esgpDvotHcCP4XhovJp7/tWSjB7ktte9J4twEHk="

const char status_style[] =
    ":root{color-scheme:light dark;--ground:#f6f7f9;--card:#fff;--ink:#1b2733;--soft:#56636f;"
    "--line:#d9dfe5;--mark:#1f6fb2;--fill:#cfe3f4;--good:#176b36;--bad:#a3210f}"
    "@media(prefers-color-scheme:dark){:root{--ground:#12171c;--card:#1b232b;--ink:#e6ebf0;"
    "--soft:#9fadb9;--line:#33404c;--mark:#6cb4ee;--fill:#23435e;--good:#6fce91;--bad:#ff9c8a}}"
    "*{box-sizing:border-box}"
    "body{margin:0 auto;padding:1rem;max-width:70rem;background:var(--ground);color:var(--ink);"
    "font:1rem/1.45 system-ui,sans-serif}"
    "h1{margin:0;font-size:1.4rem}h2{margin:0 0 .5rem;font-size:1rem}p{margin:.4rem 0}"
    "a{color:var(--mark)}small,.soft{color:var(--soft)}"
    "main{display:grid;gap:1rem;grid-template-columns:repeat(auto-fit,minmax(min(100%,20rem),1fr));"
    "margin:1rem 0}"
    "section{min-width:0;padding:1rem;background:var(--card);border:1px solid var(--line);"
    "border-radius:.5rem;overflow-wrap:anywhere}"
    ".wide{grid-column:1/-1}.figure{font-size:2.6rem;line-height:1.1;font-weight:600}"
    "table{width:100%;border-collapse:collapse}"
    "td,th{padding:.2rem .4rem .2rem 0;text-align:left;vertical-align:top;font-weight:400}"
    "td:last-child{padding-right:0;text-align:right;font-variant-numeric:tabular-nums}"
    "td:last-child[colspan]{padding-bottom:.5rem;text-align:left;font-size:.85rem}"
    ".bars td:last-child{white-space:nowrap}"
    ".bars td:nth-child(2){width:60%;padding-top:.55rem}.wide.bars td:nth-child(2){width:40%}"
    "#networks td:nth-child(2){width:35%}"
    "svg{display:block;width:100%}.bars svg{height:.9rem}.hour svg{height:9rem}.past "
    "svg{height:5rem}"
    "rect{fill:var(--mark)}.area{fill:var(--fill)}"
    ".curve{fill:none;stroke:var(--mark);stroke-width:2;vector-effect:non-scaling-stroke}"
    ".axis{fill:none;stroke:var(--line);vector-effect:non-scaling-stroke}"
    "figure{display:grid;grid-template-columns:auto 1fr;gap:0 .4rem;margin:.6rem 0 0;"
    "color:var(--soft);font-size:.85rem;font-variant-numeric:tabular-nums}"
    ".values{display:flex;flex-direction:column;justify-content:space-between;text-align:right;"
    "line-height:1}"
    "figcaption{grid-column:2;display:flex;justify-content:space-between}"
    ".good{color:var(--good)}.bad{color:var(--bad);font-weight:600}"
    "@media print{body{background:#fff;color:#000;max-width:none}section{break-inside:avoid}}";

const char status_policy[] =
    "default-src 'none'; style-src 'sha256-" STYLE_HASH "'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'";
