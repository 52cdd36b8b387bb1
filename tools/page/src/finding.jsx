import {h, Fragment} from 'preact';
import {useEffect, useMemo, useRef, useState} from 'preact/hooks';
import {VERDICT_TEXT, frameName, framePlace, placeNames, shortPath} from './data.js';

export function Chip({text, kind}) {
  return <span class={'chip c-' + (kind || text).replace(/[^a-z]/gi, '-')}>{text}</span>;
}

export function Copy({text, label}) {
  const [done, setDone] = useState('');
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setDone('Copied');
    } catch (error) {
      setDone('Select the text and copy it by hand');
    }
    setTimeout(() => setDone(''), 2000);
  };
  return <button class="copy" onClick={copy}>{done || label}</button>;
}

function Source({snippet, line}) {
  if (!snippet) return null;
  const indents = snippet.lines.filter((text) => text.trim()).map((text) => text.match(/^\s*/)[0]);
  const common = indents.reduce((shortest, one) => one.length < shortest.length ? one : shortest, indents[0] || '');
  const cut = indents.every((one) => one.startsWith(common)) ? common.length : 0;
  return (
    <pre class="source" tabIndex={0}>
      {snippet.lines.map((line_text) => line_text.slice(cut)).map((text, i) => (
        <div class={snippet.first + i === line ? 'here' : ''}><i>{snippet.first + i}</i>{text || ' '}</div>
      ))}
    </pre>
  );
}

function FrameLine({frame}) {
  return <Fragment><code>{frameName(frame)}</code> <small>{frame.file ? shortPath(framePlace(frame)) : framePlace(frame)}</small></Fragment>;
}

// A frame of which the source is here opens it; `open` is the one that is open from the start.
function StackView({data, name, frames, open}) {
  return (
    <section class="stack">
      <h4>{name}</h4>
      <ol>
        {frames.map((frame) => {
          const snippet = data.source && data.source[frame.index];
          return (
            <li title={framePlace(frame)}>
              {snippet
                ? <details open={frame === open}><summary><FrameLine frame={frame} /></summary><Source snippet={snippet} line={frame.line} /></details>
                : <FrameLine frame={frame} />}
            </li>
          );
        })}
      </ol>
    </section>
  );
}

// Where to look first, with its source across the page.
function Blame({data, finding}) {
  const frame = data.frames[finding.blamed];
  if (!frame && !finding.to_fix) return null;
  return (
    <Fragment>
      <h3>Where to look</h3>
      {finding.to_fix && <p><b>To fix:</b> {finding.to_fix}.</p>}
      {frame && <p><code>{frameName(frame)}</code> <small>{framePlace(frame)}</small></p>}
      {frame && data.source && <Source snippet={data.source[frame.index]} line={frame.line} />}
    </Fragment>
  );
}

function Log({finding}) {
  if (!finding.log.length) return null;
  return (
    <Fragment>
      <h3>What the target said</h3>
      <pre class="log" tabIndex={0}>
        {finding.log.map(([ms, text], i) => (
          <Fragment>
            {i === finding.injected_before && <div class="mark">▶ {finding.injected} {finding.mode_text}</div>}
            <div><i>{ms === null ? '' : ms + ' ms'}</i>{text || ' '}</div>
          </Fragment>
        ))}
        {finding.injected_before >= finding.log.length && <div class="mark">▶ {finding.injected} {finding.mode_text}</div>}
      </pre>
    </Fragment>
  );
}

// In the order of the list.
function Neighbours({data, finding}) {
  const order = data.causes.flatMap((cause) => cause.findings);
  const at = order.indexOf(finding.index);
  const link = (index, text) => index !== undefined && <Fragment> · <a href={'#finding/' + data.findings[index].key} title={data.findings[index].title}>{text}</a></Fragment>;
  return (
    <nav>
      <a href="#">All findings</a>{link(order[at - 1], 'Previous')}{link(order[at + 1], 'Next')}
      <small> {at + 1} of {order.length}</small>
    </nav>
  );
}

// The heading of a view that a link opened: what reads the page aloud begins there, and the next
// Tab goes on from it.
function Heading({name, children}) {
  const heading = useRef(null);
  useEffect(() => heading.current.focus({preventScroll: true}), [name]);
  return <h2 ref={heading} tabIndex={-1}>{children}</h2>;
}

export function FindingView({data, finding}) {
  const failed = finding.stacks.length > 0 && finding.stacks[0].frames.find((frame) => data.source && data.source[frame.index]);
  const scenario = data.scenarios.find((one) => one.findings.includes(finding.index));
  const others = data.causes.find((cause) => cause.findings.includes(finding.index));
  return (
    <article class="finding">
      <Neighbours data={data} finding={finding} />
      <Heading name={finding.key}>{finding.title}</Heading>
      <p class="chips">
        <Chip text={finding.kind} kind="kind" /> <Chip text={finding.status} />
        {finding.known && <Chip text="known" />}
        <span>{finding.id} · {finding.plans} {finding.plans === 1 ? 'run' : 'runs'} at {finding.sites.length} {finding.sites.length === 1 ? 'place' : 'places'}{finding.tries ? ` · came again in ${finding.confirmed} of ${finding.tries}` : ''}</span>
      </p>
      {finding.why && <p class="why"><b>Proof:</b> {finding.why}</p>}
      {finding.note && <p class="why">{finding.note} {finding.reference}</p>}
      <h3>What happened</h3>
      {scenario && <p>In the scenario {scenario.name}, <small>{scenario.file}</small>.</p>}
      <p>{finding.injected ? `${finding.injected} ${finding.mode_text}, in ${finding.step_text}.` : 'No call was made to fail.'} The target ended with: {finding.exit || 'unknown'}.</p>
      <ul>{finding.details.map((line) => <li>{line}</li>)}</ul>
      {finding.contract && <p class="contract"><b>What it should have done:</b> {finding.contract}</p>}
      <Blame data={data} finding={finding} />
      <h3>Call stacks</h3>
      <div class="stacks">{finding.stacks.map((one, i) => <StackView data={data} name={one.name} frames={one.frames} open={i === 0 ? failed : null} />)}</div>
      <Log finding={finding} />
      <h3>Replay</h3>
      <pre class="command">{[finding.replay, finding.gdb].filter(Boolean).join('\n')}</pre>
      <Copy text={finding.replay} label="Copy the command" />
      {finding.scenario && <details><summary>The minimal scenario file</summary><pre class="yaml">{finding.scenario}</pre><Copy text={finding.scenario} label="Copy the scenario" /></details>}
      <h3>Bug report</h3>
      <p><Copy text={finding.upstream} label="Copy the bug report" /></p>
      <details><summary>Text for the upstream tracker</summary><pre class="upstream">{finding.upstream}</pre></details>
      <h3>All places with this finding</h3>
      <Places sites={finding.sites.map((index) => data.sites[index])} />
      {others && others.findings.length > 1 && (
        <Fragment>
          <h3>Findings with the same cause</h3>
          <p>{others.title}</p>
          <ul>{others.findings.filter((index) => index !== finding.index).map((index) => <li><a href={'#finding/' + data.findings[index].key}>{data.findings[index].title}</a></li>)}</ul>
        </Fragment>
      )}
    </article>
  );
}

const MOST_PLACES = 200;

function Places({sites}) {
  const shown = sites.slice(0, MOST_PLACES);
  const names = useMemo(() => placeNames(shown), [sites.map((site) => site.key).join()]);
  return (
    <ul class="places">
      {shown.map((site, index) => <li><a href={'#site/' + site.key}><code>{site.point}</code></a> <small>{names[index]}</small></li>)}
      {sites.length > MOST_PLACES && <li>and {sites.length - MOST_PLACES} more</li>}
    </ul>
  );
}

export function SiteView({data, site}) {
  return (
    <article class="finding">
      <nav><a href="#">Overview</a></nav>
      <Heading name={site.key}><code>{site.point}</code></Heading>
      <p class="chips"><Chip text={VERDICT_TEXT[site.verdict]} kind={'v-' + site.verdict} /> <span>site {site.hash} · {site.calls} {site.calls === 1 ? 'call' : 'calls'} · {data.steps[site.step] || 'step ' + site.step} · thread {site.thread || 'unknown'} · visited in {site.plans} {site.plans === 1 ? 'run' : 'runs'}</span></p>
      <div class="stacks"><StackView data={data} name="The call" frames={site.stack} open={site.stack[0]} /></div>
      {site.findings.length > 0 && <ul>{site.findings.map((index) => <li><a href={'#finding/' + data.findings[index].key}>{data.findings[index].kind}: {data.findings[index].title}</a></li>)}</ul>}
    </article>
  );
}
