// How report.html looks: light and dark by the reader's setting, one column on a phone, readable on paper.

export const PAGE_STYLE = `
:root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--ink:#171a21;--soft:#5c6472;--line:#e1e4ea;--accent:#3b5bdb;--pass:#17803d;--fail:#c4281c;--error:#a84b00;--skip:#6b7280;--flaky:#7c3aed;--pass-bg:#e5f5ea;--fail-bg:#fdeae8;--error-bg:#fff0e0;--skip-bg:#eef0f3;--flaky-bg:#f1eafe;--code:#f3f4f7;--user:#eaf0ff;--shadow:0 1px 2px rgb(16 24 40/.06),0 1px 3px rgb(16 24 40/.08)}
@media (prefers-color-scheme:dark){:root{--bg:#0f1115;--card:#181b22;--ink:#e7eaf0;--soft:#99a2b2;--line:#2a2f3a;--accent:#8aa4ff;--pass:#5bd68a;--fail:#ff8a80;--error:#ffb36b;--skip:#9aa3b2;--flaky:#c4a7ff;--pass-bg:#12301f;--fail-bg:#3a1917;--error-bg:#382410;--skip-bg:#232833;--flaky-bg:#2a1f42;--code:#11141a;--user:#1b2542;--shadow:none}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif;-webkit-text-size-adjust:100%}
main,header>div{max-width:1080px;margin:0 auto;padding:0 24px}
header{background:var(--card);border-bottom:1px solid var(--line);padding:28px 0 24px}
h1{font-size:24px;line-height:1.25;margin:0;letter-spacing:-.01em;font-weight:650}
h1 small{display:block;font-size:14px;font-weight:400;color:var(--soft);letter-spacing:0;margin-top:4px}
code,pre,.mono{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;font-size:13px}
.bar{display:block;border-radius:5px;overflow:hidden;margin:20px 0 10px;background:var(--skip-bg)}

.bar .passed{fill:var(--pass)}.bar .failed{fill:var(--fail)}.bar .error{fill:var(--error)}.bar .skipped{fill:var(--skip)}
.legend{display:flex;flex-wrap:wrap;gap:4px 20px;color:var(--soft);font-size:14px}
.legend b{font-variant-numeric:tabular-nums;font-weight:650}
.legend .passed b{color:var(--pass)}.legend .failed b{color:var(--fail)}.legend .error b{color:var(--error)}.legend .flaky b{color:var(--flaky)}.legend .skipped b{color:var(--skip)}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:24px 0}
.stat{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:14px 16px;box-shadow:var(--shadow)}
.stat span{display:block;color:var(--soft);font-size:13px}
.stat strong{display:block;font-size:22px;font-weight:650;line-height:1.3;font-variant-numeric:tabular-nums;letter-spacing:-.01em;white-space:nowrap}
.stat em{display:block;font-style:normal;color:var(--soft);font-size:12px;min-height:18px}
.tools{display:flex;flex-wrap:wrap;gap:8px;align-items:center;margin:8px 0 14px}
.tools button,.tools input,.tools select{font:inherit;font-size:14px;color:inherit;background:var(--card);border:1px solid var(--line);border-radius:8px;padding:6px 12px;min-height:36px}
.tools button{cursor:pointer;color:var(--soft)}
.tools button[aria-pressed=true]{color:var(--ink);border-color:var(--accent);box-shadow:inset 0 0 0 1px var(--accent);font-weight:600}
.tools input{flex:1 1 220px;min-width:0}
.tools select{max-width:190px}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
.list{background:var(--card);border:1px solid var(--line);border-radius:10px;box-shadow:var(--shadow);overflow:hidden;margin-bottom:40px}
.task{border-top:1px solid var(--line)}
.task:first-child,.task.first{border-top:0}
.task>summary{display:grid;grid-template-columns:74px minmax(0,1fr) auto;gap:4px 14px;align-items:center;padding:11px 18px;cursor:pointer;list-style:none}
.task>summary::-webkit-details-marker{display:none}
.task>summary:hover{background:color-mix(in srgb,var(--accent) 5%,transparent)}
.task[open]>summary{border-bottom:1px solid var(--line)}
.chip{display:inline-block;font-size:12px;font-weight:600;padding:1px 0;width:70px;text-align:center;border-radius:20px}
.chip.passed{color:var(--pass);background:var(--pass-bg)}.chip.failed{color:var(--fail);background:var(--fail-bg)}.chip.error{color:var(--error);background:var(--error-bg)}.chip.skipped,.chip.not-run{color:var(--skip);background:var(--skip-bg)}
.name{font-weight:600;overflow-wrap:anywhere}
.why{display:block;font-weight:400;color:var(--soft);font-size:13px;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.meta{color:var(--soft);font-size:13px;font-variant-numeric:tabular-nums;text-align:right;white-space:nowrap}
.dots{display:inline-flex;gap:3px;vertical-align:middle;margin-right:10px}
.dots i{width:8px;height:8px;border-radius:50%;background:var(--skip)}
.dots .passed{background:var(--pass)}.dots .failed{background:var(--fail)}.dots .error{background:var(--error)}
.tag{display:inline-block;color:var(--soft);background:var(--skip-bg);border-radius:5px;font-size:12px;font-weight:400;padding:0 7px;margin-left:6px}
.tag.flaky{color:var(--flaky);background:var(--flaky-bg);font-weight:600}
.tag.acting{color:var(--accent);background:var(--user)}
.body{padding:16px 18px 20px}
.facts{color:var(--soft);font-size:13px;margin:0 0 12px;overflow-wrap:anywhere}
table.k{border-collapse:collapse;font-size:13px;margin:0 0 14px;font-variant-numeric:tabular-nums}
table.k th,table.k td{border:1px solid var(--line);padding:3px 10px;text-align:right;font-weight:400}
table.k th:first-child{text-align:left;color:var(--soft)}
.scroll{overflow-x:auto}
.attempt{border:1px solid var(--line);border-radius:9px;margin-top:10px;overflow:hidden}
.attempt>summary{display:flex;flex-wrap:wrap;gap:4px 12px;align-items:center;padding:8px 14px;cursor:pointer;font-size:14px;background:color-mix(in srgb,var(--skip-bg) 55%,transparent)}
.attempt>summary .meta{margin-left:auto}
.attempt .inner{padding:14px}
pre{margin:0;white-space:pre-wrap;overflow-wrap:anywhere;background:var(--code);border:1px solid var(--line);border-radius:7px;padding:9px 12px;tab-size:2}
.finding{margin:0 0 10px}
.finding pre{border-left:3px solid var(--fail);white-space:pre;overflow-wrap:normal;overflow-x:auto}
.finding.error pre{border-left-color:var(--error)}.finding.skipped pre{border-left-color:var(--skip)}
.held{color:var(--soft);font-size:13px;margin:0 0 12px}
.held b{color:var(--pass);font-weight:600}
ol.time{list-style:none;margin:0;padding:0 0 0 22px;position:relative}
ol.time:before{content:"";position:absolute;left:6px;top:8px;bottom:8px;width:2px;background:var(--line)}
ol.time>li{position:relative;margin:0 0 12px}
ol.time>li:last-child{margin-bottom:0}
ol.time>li:before{content:"";position:absolute;left:-21px;top:7px;width:10px;height:10px;border-radius:50%;background:var(--card);border:2px solid var(--skip)}
ol.time>li.user:before{border-color:var(--accent);background:var(--accent)}
ol.time>li.call:before{border-color:var(--accent)}
ol.time>li.ok:before{border-color:var(--pass)}ol.time>li.bad:before{border-color:var(--fail);background:var(--fail)}
.who{font-size:12px;color:var(--soft);display:flex;gap:10px;margin-bottom:3px}
.who b{color:var(--ink);font-weight:600}
.who .bad{color:var(--fail);font-weight:600}
.say{white-space:pre-wrap;overflow-wrap:anywhere}
.user .say{background:var(--user);border-radius:9px;padding:8px 12px;display:inline-block;max-width:100%}
.empty{padding:36px 18px;text-align:center;color:var(--soft)}
footer{max-width:1080px;margin:0 auto;padding:0 24px 40px;color:var(--soft);font-size:13px}
[hidden]{display:none!important}
@media (max-width:640px){main,header>div,footer{padding-left:16px;padding-right:16px}.task>summary{grid-template-columns:auto minmax(0,1fr);padding:11px 14px}.meta{grid-column:1/-1;text-align:left;white-space:normal}.cards{grid-template-columns:repeat(2,1fr);gap:8px}.stat{padding:10px 12px}.stat strong{font-size:19px}.body{padding:14px}.why{white-space:normal}.tools input{flex-basis:100%;order:-1}}
@media print{.tools{display:none}body{background:#fff}.task,.attempt{break-inside:avoid}}
`;

/** Filters the list; without it everything is shown. Reads no data but what stands in the page. */
export const PAGE_SCRIPT = `
(() => {
  const tasks = [...document.querySelectorAll('.task')];
  const buttons = [...document.querySelectorAll('.tools button')];
  const search = document.querySelector('.tools input');
  const model = document.querySelector('.tools select');
  const empty = document.querySelector('.empty');
  document.querySelector('.tools').hidden = false;
  let kind = 'all';
  const update = () => {
    const words = search.value.toLowerCase().split(/\\s+/).filter(Boolean);
    let first = true;
    for (const task of tasks) {
      const kinds = task.dataset.kinds.split(' ');
      const text = task.dataset.text;
      const models = JSON.parse(task.dataset.models);
      const shown = (kind === 'all' || kinds.includes(kind)) && words.every((word) => text.includes(word))
        && (!model || model.value === '' || models.includes(model.value));
      task.hidden = !shown;
      task.classList.toggle('first', shown && first);
      if (shown) first = false;
    }
    empty.hidden = !first;
    for (const button of buttons) button.setAttribute('aria-pressed', String(button.dataset.kind === kind));
  };
  for (const button of buttons) button.addEventListener('click', () => { kind = button.dataset.kind; update(); });
  search.addEventListener('input', update);
  if (model) model.addEventListener('change', update);
  update();
})();
`;
