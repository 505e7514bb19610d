import { alignmentStyle } from './table.js';

/** The page's style: light and dark, paper and phones. Colours of series differ in lightness as well. */
export const STYLE = `
:root{color-scheme:light dark;--paper:#fff;--ink:#1b1f24;--soft:#57606a;--line:#d0d7de;--tint:#f6f8fa;
--s0:#1b1f24;--s1:#0064a8;--s2:#b84a00;--s3:#00735a;--s4:#9c3d80;--s5:#8a6100;--s6:#5b5bd6;--s7:#6e7781}
@media (prefers-color-scheme:dark){:root{--paper:#0d1117;--ink:#e6edf3;--soft:#9da7b3;--line:#30363d;--tint:#161b22;
--s0:#e6edf3;--s1:#58b0f0;--s2:#ff9a57;--s3:#3ecf9f;--s4:#e58fc6;--s5:#e3b341;--s6:#a5a5ff;--s7:#9da7b3}}
*{box-sizing:border-box}
body{margin:0 auto;padding:1.5rem 1rem 4rem;max-width:66rem;background:var(--paper);color:var(--ink);font:1rem/1.55 system-ui,sans-serif}
section{content-visibility:auto;contain-intrinsic-size:auto 50rem}
h1{font-size:1.7rem;line-height:1.2;margin:.2rem 0 .6rem;overflow-wrap:anywhere}
h2{font-size:1.25rem;margin:2.6rem 0 .6rem;padding-bottom:.25rem;border-bottom:1px solid var(--line)}
h3{font-size:1.05rem;margin:0 0 .4rem;overflow-wrap:anywhere}
p,li,dd,figcaption{overflow-wrap:anywhere}
a{color:var(--s1)}
nav ul{display:flex;flex-wrap:wrap;gap:.2rem 1rem;padding:0;margin:1rem 0;list-style:none;font-size:.95rem}
.over,.soft,figcaption{color:var(--soft)}
.over{margin:0}
.asked{font-size:1.15rem}
.finding{border:1px solid var(--line);border-left:6px solid var(--s7);border-radius:6px;padding:.8rem 1rem;margin:1rem 0;background:var(--tint)}
.finding p{margin:.4rem 0 0}
.bad{border-left-color:var(--s2)}.good{border-left-color:var(--s3)}
.level{display:inline-block;border:1px solid currentColor;border-radius:99px;padding:0 .6rem;font-size:.85rem;font-weight:600;margin:0 0 .3rem}
.bad .level{color:var(--s2)}.good .level{color:var(--s3)}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,25rem),1fr));gap:1.5rem;margin:1rem 0}
figure{margin:0;min-width:0;break-inside:avoid}
figcaption{font-size:.92rem;margin-bottom:.4rem}
.plot{display:block;width:100%;max-width:36rem;height:auto;color:var(--ink)}
.plot text{white-space:pre}
.key{list-style:none;display:flex;flex-wrap:wrap;gap:.1rem 1rem;padding:0;margin:0 0 .4rem;font-size:.88rem}
details{margin:1rem 0}
summary{cursor:pointer;font-weight:600}
.scroll{overflow-x:auto;max-height:34rem;margin-top:.4rem;border:1px solid var(--line);border-radius:6px}
table{border-collapse:collapse;font-size:.88rem;font-variant-numeric:tabular-nums;min-width:100%}
th,td{text-align:left;padding:.3rem .6rem;white-space:nowrap;font-weight:400;border-bottom:1px solid var(--line)}
tr:last-child>*{border-bottom:0}
thead{position:sticky;top:0;background:var(--tint)}
thead th{font-weight:600}
.wrap td,.wrap th{white-space:normal;overflow-wrap:anywhere;min-width:7rem}
${alignmentStyle()}{text-align:right}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem}
dt{color:var(--soft)}dd{margin:0}
code,pre{font:.88rem/1.5 ui-monospace,monospace}
pre{overflow-x:auto;background:var(--tint);border:1px solid var(--line);border-radius:6px;padding:.8rem 1rem}
:focus-visible{outline:3px solid var(--s1);outline-offset:2px}
@media (max-width:30rem){body{padding:1rem .8rem 3rem}dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.5rem}h1{font-size:1.4rem}}
@media print{:root{--paper:#fff;--ink:#000;--soft:#444;--line:#bbb;--tint:#fff;--s0:#000;--s1:#0064a8;--s2:#b84a00;--s3:#00735a;--s4:#9c3d80;--s5:#8a6100;--s6:#5b5bd6;--s7:#6e7781}
body{max-width:none;padding:0;font-size:10pt}nav{display:none}section{content-visibility:visible}details::details-content{content-visibility:visible;block-size:auto}
.scroll{overflow:visible;max-height:none;border:0}th,td{white-space:normal;padding:.15rem .4rem}table{font-size:7.5pt}pre{white-space:pre-wrap}.charts{grid-template-columns:1fr 1fr;gap:1rem}thead{position:static}h2,h3,summary{break-after:avoid}.finding,tr{break-inside:avoid}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
`.trim();
