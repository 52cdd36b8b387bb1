// The report's data as the page uses it: string and frame tables resolved. The format is documented
// in harness/report/page_data.h.

export function readData() {
  const raw = JSON.parse(document.getElementById('data').textContent);
  return decode(raw);
}

export function decode(raw) {
  const frames = raw.frames.map(([fn, file, line, module, offset], index) => ({
    index, line, offset,
    fn: raw.strings[fn], file: raw.strings[file], module: raw.strings[module],
  }));
  const stack = (indices) => (indices || []).map((index) => frames[index]);
  const sites = raw.sites.map(([hash, point, frameList, step, calls, verdict, thread, plans, found], index) => ({
    index, hash, step, calls, plans,
    point: raw.points[point],
    stack: stack(frameList),
    verdict: raw.verdicts[verdict],
    thread: raw.strings[thread],
    findings: found,
  }));
  const findings = raw.findings.map((finding, index) => ({
    ...finding,
    index,
    stacks: finding.stacks.map((one) => ({name: one.name, frames: stack(one.frames)})),
  }));
  // Several scenarios of a suite may show the same finding, or fail the same place.
  name(findings, 'id');
  name(sites, 'hash');
  return {...raw, frames, sites, findings};
}

// Gives each item a `key` of its own for links: its id, and a number from the second one on.
function name(items, id) {
  const seen = new Map();
  for (const item of items) {
    const before = seen.get(item[id]) || 0;
    seen.set(item[id], before + 1);
    item.key = before ? `${item[id]}.${before + 1}` : item[id];
  }
}

// Worst first. Where several verdicts meet (a place failed once and for good, a frame above many
// places), the worst one shows.
export const VERDICTS = ['finding', 'doubtful', 'slow', 'not reached', 'clean error', 'tolerated', 'inside', 'not visited'];

export const VERDICT_TEXT = {
  'finding': 'does not back out',
  'doubtful': 'flaky, unproven or assumed',
  'slow': 'outlived a timeout, then went on',
  'not reached': 'not reached again',
  'clean error': 'gave up cleanly',
  'tolerated': 'carried on',
  'inside': 'part of a place that was visited',
  'not visited': 'not visited',
};

export function frameName(frame) {
  return frame.fn || `${frame.module || 'unknown'}`;
}

export function framePlace(frame) {
  if (!frame.file) return frame.module + (frame.offset ? '+0x' + frame.offset.toString(16) : '');
  return `${frame.file}${frame.line ? ':' + frame.line : ''}`;
}

// What places are called in a list: their innermost functions, and, of two with the same, the first
// frame in which they differ, or else their hashes.
export function placeNames(sites) {
  const short = (site) => site.stack.slice(0, 6).map(frameName).join(' < ');
  const whole = (frame) => frame ? frameName(frame) + ' (' + framePlace(frame) + ')' : '';
  return sites.map((site) => {
    const alike = sites.filter((other) => other !== site && other.point === site.point && short(other) === short(site));
    if (alike.length === 0) return short(site);
    const differs = site.stack.findIndex((frame, index) => alike.every((other) => whole(other.stack[index]) !== whole(frame)));
    return short(site) + ' · ' + (differs < 0 ? site.hash : 'in ' + whole(site.stack[differs]));
  });
}

export function shortPath(path) {
  return path.split('/').slice(-3).join('/');
}

// Long stacks are cut at their outer end. The callers that are missing are those of another stack
// with the same call in it; without one the stack begins where it was cut. Returns a function from a
// stack to its whole, innermost first.
function stackMender(sites) {
  const outermost = (stack) => stack.length && stack[stack.length - 1].index;
  const inner = new Set();
  for (const {stack} of sites) for (const frame of stack.slice(0, -1)) inner.add(frame.index);
  const callers = new Map();
  for (const {stack} of sites) {
    if (inner.has(outermost(stack))) continue;  // it is cut itself
    stack.forEach((frame, at) => {
      if (!callers.has(frame.index)) callers.set(frame.index, stack.slice(at + 1));
    });
  }
  return (stack) => inner.has(outermost(stack)) ? stack.concat(callers.get(outermost(stack)) || []) : stack;
}

// How wide a place with a finding is when findings are wide: together they take a third of the
// graph, however few they are among the places.
function findingWeight(sites) {
  const findings = sites.filter((site) => site.verdict === 'finding').length;
  return findings ? Math.max(1, (sites.length - findings) / (2 * findings)) : 1;
}

// A tree of call stacks, outermost function first; each site is a leaf below its innermost caller.
// `weight` and `weights` (by verdict) of a node are what its width is made of: its places, or, with
// `isWide`, more for those with a finding.
export function stackTree(sites, isWide) {
  const ofFinding = isWide ? findingWeight(sites) : 1;
  const whole = stackMender(sites);
  const root = {name: 'all places that can fail', children: new Map(), sites: 0, counts: {}, weight: 0, weights: {}, depth: 0, file: ''};
  for (const site of sites) {
    let node = root;
    const path = whole(site.stack).slice().reverse();
    const enter = (key, name, file, extra) => {
      let child = node.children.get(key);
      if (!child) {
        child = {name, file, children: new Map(), sites: 0, counts: {}, weight: 0, weights: {}, depth: node.depth + 1, parent: node, ...extra};
        node.children.set(key, child);
      }
      node = child;
    };
    const count = () => {
      node.sites += 1;
      node.counts[site.verdict] = (node.counts[site.verdict] || 0) + 1;
      const weight = site.verdict === 'finding' ? ofFinding : 1;
      node.weight += weight;
      node.weights[site.verdict] = (node.weights[site.verdict] || 0) + weight;
    };
    count();
    for (const frame of path) {
      enter(frameName(frame) + '\0' + frame.file, frameName(frame), frame.file || frame.module);
      count();
    }
    enter('\0' + site.hash, site.point, '', {site});
    count();
  }
  finish(root);
  return root;
}

function finish(node) {
  node.verdict = VERDICTS.find((verdict) => node.counts[verdict]) || 'not visited';
  node.children = [...node.children.values()];
  for (const child of node.children) finish(child);
  const rank = (child) => VERDICTS.indexOf(child.verdict);
  node.children.sort((a, b) => rank(a) - rank(b) || b.weight - a.weight || (a.name < b.name ? -1 : 1));
}
