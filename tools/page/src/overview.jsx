import {h, Fragment} from 'preact';
import {useMemo, useState} from 'preact/hooks';
import {VERDICTS, VERDICT_TEXT, frameName} from './data.js';
import {Chip} from './finding.jsx';
import {Icicle} from './icicle.jsx';

function Figures({data}) {
  return (
    <dl class="figures">
      {data.figures.map(([name, value]) => <div><dt>{name}</dt><dd>{value}</dd></div>)}
    </dl>
  );
}

function matchesFinding(finding, query) {
  if (!query) return true;
  const text = query.toLowerCase();
  return [finding.id, finding.kind, finding.status, finding.title, finding.signature].some((one) => one.toLowerCase().includes(text)) ||
    finding.stacks.some((stack) => stack.frames.some((frame) => frameName(frame).toLowerCase().includes(text)));
}

function FindingRow({finding}) {
  return (
    <li>
      <Chip text={finding.kind} kind="kind" />
      <a href={'#finding/' + finding.key}>{finding.title}</a>
      <small>{[finding.id, finding.injected].filter(Boolean).join(' · ')}{finding.sites.length > 1 ? ` and ${finding.sites.length - 1} other ${finding.sites.length === 2 ? 'place' : 'places'}` : ''}{finding.tries ? ` · ${finding.confirmed}/${finding.tries}` : ''}</small>
    </li>
  );
}

// Causes in the order in which a maintainer should read them, under the status of their findings.
function Causes({data, query}) {
  const sections = useMemo(() => {
    const byStatus = new Map();
    for (const cause of data.causes) {
      const members = cause.findings.map((index) => data.findings[index]).filter((finding) => matchesFinding(finding, query));
      if (members.length === 0) continue;
      const status = members[0].known ? 'known' : members[0].status;
      if (!byStatus.has(status)) byStatus.set(status, []);
      byStatus.get(status).push({...cause, members});
    }
    return [...byStatus];
  }, [data, query]);
  if (sections.length === 0) return <p>{query ? 'No finding matches.' : 'No findings.'}</p>;
  return sections.map(([status, causes]) => (
    <Fragment>
      <h3>{status} <small>{causes.length} {causes.length === 1 ? 'cause' : 'causes'}</small></h3>
      <ol class="causes">
        {causes.map((cause) => cause.members.length === 1
          ? <FindingRow finding={cause.members[0]} />
          : <li class="cause"><b>{cause.title}</b><ul>{cause.members.map((finding) => <FindingRow finding={finding} />)}</ul></li>)}
      </ol>
    </Fragment>
  ));
}

const RESULTS = ['failed', 'error', 'skipped', 'passed'];
const RESULT_CHIP = {failed: 'v-finding', error: 'v-doubtful', skipped: 'v-not-visited', passed: 'v-tolerated'};

// Of a suite: what did not pass comes first.
function Scenarios({data, query}) {
  const rows = useMemo(() => {
    const text = query.toLowerCase();
    const matching = data.scenarios.filter((one) => [one.name, one.file, one.result, one.why].some((word) => word.toLowerCase().includes(text)));
    return matching.sort((a, b) => RESULTS.indexOf(a.result) - RESULTS.indexOf(b.result));
  }, [data, query]);
  if (rows.length === 0) return <p>No scenario matches.</p>;
  return (
    <ul class="causes scenarios">
      {rows.map((one) => (
        <li>
          <span class={'chip ' + RESULT_CHIP[one.result]}>{one.result}</span>
          <b>{one.name}</b> {one.duration_ms > 0 && <span class="time">{one.duration_ms} ms</span>}
          {one.findings.length === 0 && one.why && <small>{one.why}</small>}
          {one.findings.length > 0 && <ul>{one.findings.map((index) => <FindingRow finding={data.findings[index]} />)}</ul>}
          <small>{one.command}</small>
        </li>
      ))}
    </ul>
  );
}

function Steps({data}) {
  const rows = useMemo(() => {
    const steps = data.steps.map((title, index) => ({title, index, counts: {}, total: 0}));
    for (const site of data.sites) {
      const row = steps[site.step];
      if (!row) continue;
      row.counts[site.verdict] = (row.counts[site.verdict] || 0) + 1;
      row.total += 1;
    }
    return steps.filter((row) => row.total > 0 || row.index > 0);
  }, [data]);
  const most = Math.max(1, ...rows.map((row) => row.total));
  return (
    <table class="steps">
      <thead><tr><th>step</th><th>places that can fail</th><th></th></tr></thead>
      <tbody>{rows.map((row) => (
        <tr>
          <td>{row.title}</td>
          <td class="number">{row.total}</td>
          <td class="bars" title={VERDICTS.filter((verdict) => row.counts[verdict]).map((verdict) => `${row.counts[verdict]} ${VERDICT_TEXT[verdict]}`).join(', ')}>
            {VERDICTS.filter((verdict) => row.counts[verdict]).map((verdict) => (
              <i class={'v-' + verdict.replace(' ', '-')} style={{width: 100 * row.counts[verdict] / most + '%'}}></i>
            ))}
          </td>
        </tr>
      ))}</tbody>
    </table>
  );
}

function Coverage({data}) {
  return (
    <Fragment>
      {data.coverage.map(({title, items}) => (
        <details>
          <summary>{title} ({items.length})</summary>
          <ul class="places">{items.slice(0, 500).map((text) => <li><code>{text}</code></li>)}</ul>
        </details>
      ))}
    </Fragment>
  );
}

function Compare({compare}) {
  if (!compare) return null;
  const list = (title, items) => items.length > 0 && (
    <Fragment><h3>{title} <small>{items.length}</small></h3><ul>{items.map((one) => <li><Chip text={one.kind} kind="kind" /> {one.title} <small>{one.id}</small></li>)}</ul></Fragment>
  );
  return (
    <section id="compare">
      <h2>Compared with {compare.before}</h2>
      {list('New', compare.new)}{list('Changed', compare.changed)}{list('Fixed', compare.fixed)}{list('Not visited', compare.not_visited)}
      <p>{compare.same} findings are the same.</p>
    </section>
  );
}

export function Overview({data}) {
  const [query, setQuery] = useState('');
  return (
    <Fragment>
      <section class={'verdict ' + (data.passed ? 'good' : 'bad')}>
        <h2>{data.verdict}</h2>
        <p>{data.question}</p>
      </section>
      <Figures data={data} />
      <p class="search"><label>Search <input type="search" value={query} placeholder="function, file, kind, id" onInput={(event) => setQuery(event.target.value)} /></label></p>
      {data.scenarios.length > 0 && <section id="scenarios"><h2>Scenarios</h2><Scenarios data={data} query={query} /></section>}
      <section id="causes"><h2>Findings, by cause</h2><Causes data={data} query={query} /></section>
      {data.sites.length > 0 && (
        <section id="map">
          <h2>Where it does not back out</h2>
          <Icicle data={data} query={query} onSite={(site) => { location.hash = 'site/' + site.key; }} />
        </section>
      )}
      {data.scenarios.length === 0 && <section id="steps"><h2>Timeline of the scenario</h2><Steps data={data} /></section>}
      <Compare compare={data.compare} />
      {data.coverage.length > 0 && <section id="coverage"><h2>What was covered</h2><Coverage data={data} /></section>}
    </Fragment>
  );
}
