import {h, Fragment} from 'preact';
import {useMemo, useState} from 'preact/hooks';
import {frameName, framePlace, placeNames, shortPath} from './data.js';

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
  return (
    <pre class="source">
      {snippet.lines.map((text, i) => (
        <div class={snippet.first + i === line ? 'here' : ''}><i>{snippet.first + i}</i>{text || ' '}</div>
      ))}
    </pre>
  );
}

function StackView({data, name, frames, withSource}) {
  const first = frames.find((frame) => data.source && data.source[frame.index]);
  return (
    <section class="stack">
      <h4>{name}</h4>
      <ol>
        {frames.map((frame) => (
          <li title={framePlace(frame)}>
            <code>{frameName(frame)}</code> <small>{frame.file ? shortPath(framePlace(frame)) : frame.module}</small>
          </li>
        ))}
      </ol>
      {withSource && first && <Fragment><small>{shortPath(framePlace(first))}</small><Source snippet={data.source[first.index]} line={first.line} /></Fragment>}
    </section>
  );
}

function Log({finding}) {
  if (!finding.log.length) return null;
  return (
    <Fragment>
      <h3>What the target said</h3>
      <pre class="log">
        {finding.log.map(([ms, text], i) => (
          <Fragment>
            {i === finding.injected_before && <div class="mark">{ms === null ? '' : ''}▶ {finding.injected} {finding.mode_text}</div>}
            <div><i>{ms === null ? '' : ms + ' ms'}</i>{text || ' '}</div>
          </Fragment>
        ))}
        {finding.injected_before >= finding.log.length && <div class="mark">▶ {finding.injected} {finding.mode_text}</div>}
      </pre>
    </Fragment>
  );
}

export function FindingView({data, finding}) {
  const scenario = data.scenarios.find((one) => one.findings.includes(finding.index));
  const others = data.causes.find((cause) => cause.findings.includes(finding.index));
  return (
    <article class="finding">
      <p><a href="#">All findings</a></p>
      <h2>{finding.title}</h2>
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
      <div class="stacks">{finding.stacks.map((one) => <StackView data={data} name={one.name} frames={one.frames} withSource />)}</div>
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
      <p><a href="#">Overview</a></p>
      <h2><code>{site.point}</code></h2>
      <p class="chips"><Chip text={site.verdict} kind={'v-' + site.verdict} /> <span>site {site.hash} · {site.calls} {site.calls === 1 ? 'call' : 'calls'} · {data.steps[site.step] || 'step ' + site.step} · thread {site.thread || 'unknown'} · visited in {site.plans} {site.plans === 1 ? 'run' : 'runs'}</span></p>
      <div class="stacks"><StackView data={data} name="The call" frames={site.stack} withSource /></div>
      {site.findings.length > 0 && <ul>{site.findings.map((index) => <li><a href={'#finding/' + data.findings[index].key}>{data.findings[index].kind}: {data.findings[index].title}</a></li>)}</ul>}
    </article>
  );
}
