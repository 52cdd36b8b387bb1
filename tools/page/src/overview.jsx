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
      <small>{[finding.id, finding.injected].filter(Boolean).join(' · ')}{finding.sites.length > 1 ? ` and ${finding.sites.length - 1} other ${finding.sites.length === 2 ? 'place' : 'places'}` : ''}{finding.tries ? ` · came again in ${finding.confirmed} of ${finding.tries}` : ''}</small>
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

// One bar with the shares of its verdicts, the worst first.
function Shares({counts, total}) {
  const present = VERDICTS.filter((verdict) => counts[verdict]);
  const text = present.map((verdict) => `${VERDICT_TEXT[verdict]}: ${counts[verdict]}`).join(', ');
  return (
    <div class="bars" title={text} role="img" aria-label={text}>
      {present.map((verdict) => <i class={'v-' + verdict.replace(' ', '-')} style={{flexGrow: counts[verdict] / total}}></i>)}
    </div>
  );
}

function addTo(row, site) {
  row.counts[site.verdict] = (row.counts[site.verdict] || 0) + 1;
  row.total += 1;
  for (const finding of site.findings) row.findings.add(finding);
}

// Rows of {title, total, counts, findings}: how many places each has, and what became of them.
function PlaceTable({data, heading, rows}) {
  return (
    <table class="steps">
      <thead><tr><th>{heading}</th><th class="number">places</th><th class="number">findings</th><th>what became of them</th></tr></thead>
      <tbody>{rows.map((row) => (
        <tr>
          <td>{row.title}</td>
          <td class="number">{row.total}</td>
          <td class="number">{row.findings.size > 0 ? <a href={'#finding/' + data.findings[Math.min(...row.findings)].key} title="The first of them">{row.findings.size}</a> : ''}</td>
          <td class="shares">{row.total > 0 && <Shares counts={row.counts} total={row.total} />}</td>
        </tr>
      ))}</tbody>
    </table>
  );
}

function Steps({data}) {
  const rows = useMemo(() => {
    const steps = data.steps.map((title, index) => ({title, index, counts: {}, total: 0, findings: new Set()}));
    for (const site of data.sites) if (steps[site.step]) addTo(steps[site.step], site);
    return steps.filter((row) => row.total > 0 || row.index > 0);
  }, [data]);
  return rows.length ? <PlaceTable data={data} heading="step" rows={rows} /> : <p>The scenario has no steps.</p>;
}

// The calls by what they are for: "libc/memory" of libc/memory/calloc.
function KindsOfCalls({data}) {
  const rows = useMemo(() => {
    const groups = new Map();
    for (const site of data.sites) {
      const title = site.point.split('/').slice(0, 2).join('/');
      if (!groups.has(title)) groups.set(title, {title, counts: {}, total: 0, findings: new Set()});
      addTo(groups.get(title), site);
    }
    return [...groups.values()].sort((a, b) => b.total - a.total || (a.title < b.title ? -1 : 1));
  }, [data]);
  return (
    <details open={rows.length <= 12}>
      <summary>By kind of call ({rows.length})</summary>
      <PlaceTable data={data} heading="kind of call" rows={rows} />
    </details>
  );
}

const MOST_ITEMS = 500;

function Coverage({data}) {
  return (
    <Fragment>
      {data.sites.length > 0 && <KindsOfCalls data={data} />}
      {data.coverage.map(({title, items}) => (
        <details>
          <summary>{title} ({items.length})</summary>
          <ul class="places">
            {items.slice(0, MOST_ITEMS).map((text) => <li><code>{text}</code></li>)}
            {items.length > MOST_ITEMS && <li>and {items.length - MOST_ITEMS} more</li>}
          </ul>
        </details>
      ))}
    </Fragment>
  );
}

function Compare({data, compare}) {
  if (!compare) return null;
  const here = (one) => data.findings.find((finding) => finding.id === one.id);
  const list = (title, items) => items.length > 0 && (
    <Fragment><h3>{title} <small>{items.length}</small></h3><ul>{items.map((one) => <li><Chip text={one.kind} kind="kind" /> {here(one) ? <a href={'#finding/' + here(one).key}>{one.title}</a> : one.title} <small>{one.id}</small></li>)}</ul></Fragment>
  );
  return (
    <section id="compare">
      <h2>Compared with {compare.before}</h2>
      {list('New', compare.new)}{list('Changed', compare.changed)}{list('Fixed', compare.fixed)}{list('Not visited', compare.not_visited)}
      <p>{compare.same === 1 ? '1 finding is' : `${compare.same} findings are`} the same.</p>
    </section>
  );
}

// Green is only what is done: of a sweep that goes on nobody knows what it will find.
function Verdict({data}) {
  const isOpen = data.meta.state === 'unfinished';
  const visited = new Map(data.figures).get('places visited') || '';
  return (
    <section class={'verdict ' + (!data.passed ? 'bad' : isOpen ? 'open' : 'good')}>
      <h2>{isOpen ? 'So far: ' : ''}{data.verdict}</h2>
      <p>{data.question}</p>
      {visited.includes(' of ') && <p>{visited} places were visited{isOpen ? ' so far' : ''}.</p>}
    </section>
  );
}

export function Overview({data}) {
  const [query, setQuery] = useState('');
  return (
    <Fragment>
      <Verdict data={data} />
      <Figures data={data} />
      <p class="search"><label>Search <input type="search" value={query} placeholder="function, file, kind, id" onInput={(event) => setQuery(event.target.value)} /></label></p>
      {data.scenarios.length > 0 && <section id="scenarios"><h2>Scenarios</h2><Scenarios data={data} query={query} /></section>}
      <section id="causes"><h2>Findings, by cause</h2>{data.findings.length > 1 && <p class="order">What to read first stands first: confirmed before doubtful, the program's own code before its libraries, crashes before hangs before leaks.</p>}<Causes data={data} query={query} /></section>
      <Compare data={data} compare={data.compare} />
      {data.sites.length > 0 && (
        <section id="map">
          <h2>Where it does not back out</h2>
          <Icicle data={data} query={query} onSite={(site) => { location.hash = 'site/' + site.key; }} />
        </section>
      )}
      {data.sites.length > 0 && data.scenarios.length === 0 && <section id="steps"><h2>Timeline of the scenario</h2><Steps data={data} /></section>}
      {data.coverage.length + data.sites.length > 0 && <section id="coverage"><h2>What was covered</h2><Coverage data={data} /></section>}
    </Fragment>
  );
}
