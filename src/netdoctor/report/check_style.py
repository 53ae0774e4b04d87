"""How a page of `check -o html` looks: on 360 pixels and on wide screens, in the light and in the dark."""

from __future__ import annotations

STYLE = """
:root { color-scheme: light dark; --page: #fff; --box: #f5f6f8; --line: #c9ccd3; --text: #1c1e22; --dim: #585d68;
  --ok: #17692f; --ok-box: #e0f3e5; --failed: #b3151f; --failed-box: #fde7e8; --unseen: #7a5200; --unseen-box: #fdf1d3;
  --link: #0b57b0; }
@media (prefers-color-scheme: dark) { :root { --page: #15171b; --box: #202329; --line: #434852; --text: #e6e8ec;
  --dim: #a3a9b5; --ok: #7dd796; --ok-box: #14331e; --failed: #ff9a9f; --failed-box: #451a1d; --unseen: #f0c365;
  --unseen-box: #3b2d0d; --link: #8ab8f5; } }
*, ::before, ::after { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 64rem; background: var(--page); color: var(--text);
  font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1, h2 { font-size: 1.25rem; line-height: 1.35; margin: 0 0 .5rem; } h3 { font-size: 1.05rem; margin: 1.25rem 0 .5rem; }
h4 { font-size: 1rem; margin: 1rem 0 .25rem; } p { margin: .4rem 0; } ul { margin: .4rem 0; padding-left: 1.25rem; }
small, em, dt, .overview span { color: var(--dim); font-weight: normal; font-style: normal; }
a { color: var(--link); }
article, header { border-top: 1px solid var(--line); padding: 1rem 0; }
body > :first-child { border-top: 0; padding-top: 0; }
.overview { list-style: none; padding: 0; } .overview li { margin: .5rem 0; }
.verdict { display: inline-block; padding: 0 .5rem; border: 1px solid; border-radius: .3rem; font-size: 1rem; }
.ok.verdict, .ok > .mark { color: var(--ok); background: var(--ok-box); }
.failed.verdict, .failed > .mark { color: var(--failed); background: var(--failed-box); }
.unseen.verdict, .unseen > .mark { color: var(--unseen); background: var(--unseen-box); }
.way { list-style: none; margin: .5rem 0; padding: 0; }
.way li { position: relative; padding: 0 0 1rem 2.5rem; }
.way li::before { content: ""; position: absolute; left: .75rem; top: .3rem; bottom: -.3rem; margin-left: -1px;
  border-left: 2px solid var(--line); }
.way li:last-child { padding-bottom: 0; } .way li:last-child::before { display: none; }
.way .failed ~ li::before, .way .failed::before { border-left-style: dashed; }
.way .end::after { content: ""; position: absolute; left: .75rem; top: .4rem; width: .8rem; height: .8rem;
  margin-left: -.4rem; border: 2px solid var(--dim); border-radius: 50%; background: var(--page); }
.way .mark { position: absolute; left: 0; top: 0; width: 1.5rem; height: 1.5rem; line-height: 1.4rem;
  text-align: center; font-weight: bold; border: 1px solid; border-radius: 50%; }
.way .failed em { color: var(--failed); font-weight: bold; }
.way dl { display: grid; grid-template-columns: 5rem 1fr; gap: 0 .5rem; margin: 0; } dd { margin: 0; }
.way .failed dl { margin-top: .25rem; padding: .4rem .6rem; border: 1px solid var(--failed); border-radius: .3rem;
  background: var(--failed-box); }
.cause, .warning { margin: 1rem 0; padding: .1rem 1rem .75rem; background: var(--box); border-radius: .3rem;
  border-left: 4px solid var(--failed); }
.warning { border-left-color: var(--unseen); }
pre { margin: .4rem 0; padding: .6rem; background: var(--page); border: 1px solid var(--line); border-radius: .3rem;
  white-space: pre-wrap; font-size: .875rem; }
details { margin: 1rem 0; } summary { cursor: pointer; padding: .25rem 0; }
.scroll { overflow-x: auto; overflow-wrap: normal; }
table { border-collapse: collapse; font-size: .875rem; white-space: nowrap; }
th, td { border: 1px solid var(--line); padding: .2rem .5rem; text-align: left; }
@media (min-width: 48rem) { body { padding: 2rem; } .way dl { grid-template-columns: 5rem 1fr 3rem 1fr; }
  .way .failed dl { grid-template-columns: 5rem 1fr; } }
@media print { details > * { display: block; } }
""".strip()
