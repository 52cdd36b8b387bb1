import {h} from 'preact';
import {useEffect, useMemo, useRef, useState} from 'preact/hooks';
import {VERDICTS, VERDICT_TEXT, framePlace, stackTree} from './data.js';

const ROW = 20;
const MIN_WIDTH = 1.5;  // narrower boxes are drawn as one, with the shares of what they hide

// An icicle of the call stacks of all sites, coloured by verdict. Drawn on a canvas: 10,000 sites
// make some 50,000 boxes, too many for elements. The mouse and the arrow keys move the selection,
// Enter and click zoom in, Escape and click on the bar at the top zoom out.
export function Icicle({data, query, onSite}) {
  const canvas = useRef(null);
  const [hidden, setHidden] = useState([]);  // verdicts
  const [isWide, setWide] = useState(true);  // places with a finding are wider than others
  const tree = useMemo(() => stackTree(data.sites.filter((site) => !hidden.includes(site.verdict)), isWide), [data, hidden, isWide]);
  const [zoomed, setZoom] = useState(null);
  const [selected, setSelected] = useState(null);
  const [width, setWidth] = useState(800);
  const boxes = useRef([]);
  const matches = useMemo(() => findMatches(tree, query), [tree, query]);
  const zoom = zoomed || tree;

  useEffect(() => {
    const measure = () => setWidth((before) => canvas.current.parentElement.clientWidth || before);  // 0 while it is not shown
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(canvas.current.parentElement);
    return () => observer.disconnect();
  }, []);

  const ancestors = [];
  for (let node = zoom.parent; node; node = node.parent) ancestors.unshift(node);
  const rows = ancestors.length + depthBelow(zoom, width);
  const height = Math.min(rows, 40) * ROW;

  const theme = useTheme();
  useEffect(() => {
    boxes.current = draw(canvas.current, {zoom, ancestors, width, height, selected, matches});
  }, [zoom, width, height, selected, matches, theme]);

  const boxAt = (event) => {
    const rect = canvas.current.getBoundingClientRect();
    const x = event.clientX - rect.left;
    const y = event.clientY - rect.top;
    return boxes.current.find((box) => x >= box.x && x < box.x + box.width && y >= box.y && y < box.y + ROW);
  };
  const enter = (node) => {
    if (node.site) {
      onSite(node.site);
    } else {
      setZoom(node);
    }
    setSelected(node);
  };
  const onKey = (event) => {
    const node = selected || zoom;
    const siblings = node.parent ? node.parent.children : [node];
    const at = siblings.indexOf(node);
    const moves = {
      ArrowLeft: () => siblings[Math.max(0, at - 1)],
      ArrowRight: () => siblings[Math.min(siblings.length - 1, at + 1)],
      ArrowUp: () => node.parent || node,
      ArrowDown: () => node.children[0] || node,
    };
    if (moves[event.key]) {
      const next = moves[event.key]();
      setSelected(next);
      if (!isBelow(next, zoom)) setZoom(next);
    } else if (event.key === 'Enter' || event.key === ' ') {
      enter(node);
    } else if (event.key === 'Escape') {
      setZoom(zoom.parent || tree);
    } else {
      return;
    }
    event.preventDefault();
  };
  const widen = () => {
    setWide((before) => !before);
    setZoom(null);
    setSelected(null);
  };
  const toggle = (verdict) => {
    setHidden((before) => before.includes(verdict) ? before.filter((one) => one !== verdict) : [...before, verdict]);
    setZoom(null);
    setSelected(null);
  };
  const counts = useMemo(() => {
    const all = {};
    for (const site of data.sites) all[site.verdict] = (all[site.verdict] || 0) + 1;
    return all;
  }, [data]);

  const shown = selected || zoom;
  return (
    <div class="icicle">
      <div class="bar">
        <button disabled={zoom === tree} onClick={() => { setZoom(zoom.parent || tree); }}>Zoom out</button>
        <button disabled={zoom === tree} onClick={() => { setZoom(null); setSelected(null); }}>Reset</button>
        {counts.finding > 0 && (
          <label title="Off: each place that can fail is as wide as any other">
            <input type="checkbox" checked={isWide} onChange={widen} />Findings wide: a third of the graph
          </label>
        )}
        <span class="legend">
          {VERDICTS.filter((verdict) => counts[verdict]).map((verdict) => (
            <label title="Show or hide these places">
              <input type="checkbox" checked={!hidden.includes(verdict)} onChange={() => toggle(verdict)} />
              <i class={'swatch v-' + verdict.replace(' ', '-')}></i>{VERDICT_TEXT[verdict]} ({counts[verdict]})
            </label>
          ))}
        </span>
      </div>
      <canvas ref={canvas} tabIndex={0} role="img" style={{width: width + 'px', height: height + 'px'}}
        aria-label="Call stacks of all places that can fail, outermost caller at the top. Arrow keys move, Enter zooms in, Escape zooms out."
        onMouseMove={(event) => { const box = boxAt(event); if (box) setSelected(box.node); }}
        onClick={(event) => { const box = boxAt(event); if (box) enter(box.node); }}
        onKeyDown={onKey}></canvas>
      <p class="readout" aria-live="polite">
        <b>{shown.name}</b> {shown.site && shown.site.stack[0] ? framePlace(shown.site.stack[0]) : shown.file}
        {' · '}{shown.sites} {shown.sites === 1 ? 'place' : 'places'}
        {VERDICTS.filter((verdict) => shown.counts[verdict]).map((verdict) => ` · ${VERDICT_TEXT[verdict]}: ${shown.counts[verdict]}`)}
        {matches && ` · the search matches ${matches.get(tree) || 0} of ${tree.sites} places`}
      </p>
    </div>
  );
}

// A dark or light page changes the canvas's colours, which CSS cannot do.
function useTheme() {
  const [theme, setTheme] = useState(0);
  useEffect(() => {
    const changed = () => setTheme((n) => n + 1);
    const media = matchMedia('(prefers-color-scheme: dark)');
    media.addEventListener('change', changed);
    addEventListener('faultline-theme', changed);
    return () => {
      media.removeEventListener('change', changed);
      removeEventListener('faultline-theme', changed);
    };
  }, []);
  return theme;
}

function isBelow(node, ancestor) {
  for (let one = node; one; one = one.parent) if (one === ancestor) return true;
  return false;
}

function depthBelow(node, width) {
  const per = width / Math.max(1, node.weight);
  let deepest = 1;
  const visit = (one, depth) => {
    deepest = Math.max(deepest, depth);
    for (const child of one.children) {
      if (child.weight * per >= MIN_WIDTH || depth < 3) visit(child, depth + 1);
    }
  };
  visit(node, 1);
  return deepest;
}

// Of each node how many of its sites have a match on their path; nodes without one are left out.
// null: there is nothing to search for.
function findMatches(tree, query) {
  if (!query) return null;
  const text = query.toLowerCase();
  const counts = new Map();
  const visit = (node, isMatched) => {
    const is = isMatched || node.name.toLowerCase().includes(text) || node.file.toLowerCase().includes(text) ||
      Boolean(node.site && (node.site.hash.includes(text) || (node.site.stack[0] && framePlace(node.site.stack[0]).toLowerCase().includes(text))));
    let count = node.site && is ? 1 : 0;
    for (const child of node.children) count += visit(child, is);
    if (count) counts.set(node, count);
    return count;
  };
  for (const child of tree.children) visit(child, false);
  counts.set(tree, tree.children.reduce((sum, child) => sum + (counts.get(child) || 0), 0));
  return counts;
}

function colours(element) {
  const style = getComputedStyle(element);
  const read = (name) => style.getPropertyValue(name).trim();
  const result = {text: read('--on-verdict'), line: read('--bg'), faint: read('--faint'), select: read('--fg')};
  for (const verdict of VERDICTS) result[verdict] = read('--v-' + verdict.replace(' ', '-'));
  return result;
}

function draw(element, {zoom, ancestors, width, height, selected, matches}) {
  const ratio = window.devicePixelRatio || 1;
  element.width = width * ratio;
  element.height = height * ratio;
  const context = element.getContext('2d');
  context.scale(ratio, ratio);
  context.clearRect(0, 0, width, height);
  context.font = '12px system-ui, sans-serif';
  context.textBaseline = 'middle';
  const palette = colours(element);
  const boxes = [];
  // Several verdicts in one box are shown in their shares, the worst one first.
  const fill = (weights, total, x, y, drawn) => {
    let left = x;
    for (const verdict of VERDICTS) {
      const share = drawn * (weights[verdict] || 0) / total;
      if (share === 0) continue;
      // However small its share is, a finding must be seen.
      const seen = verdict === 'finding' ? Math.max(share, 2) : share;
      context.fillStyle = palette[verdict];
      context.fillRect(left, y, Math.max(Math.min(seen, x + drawn - left), 0), ROW - 1);
      left += seen;
    }
  };
  const box = (node, x, y, boxWidth) => {
    boxes.push({node, x, y, width: boxWidth});
    context.globalAlpha = matches && !matches.get(node) ? 0.25 : 1;
    fill(node.weights, node.weight, x, y, Math.max(boxWidth - (boxWidth > 3 ? 1 : 0), 0.5));
    if (boxWidth > 30) {
      context.fillStyle = palette.text;
      context.fillText(fitText(context, node.name, boxWidth - 8), x + 4, y + ROW / 2);
    }
    context.globalAlpha = 1;
    if (node === selected) {
      context.strokeStyle = palette.select;
      context.lineWidth = 2;
      context.strokeRect(x + 1, y + 1, Math.max(boxWidth - 2, 1), ROW - 3);
    }
  };
  let y = 0;
  for (const node of ancestors) {
    box(node, 0, y, width);
    y += ROW;
  }
  const visit = (node, x, top, boxWidth) => {
    if (top >= height) return;
    box(node, x, top, boxWidth);
    let left = x;
    for (const child of node.children) {
      const childWidth = boxWidth * child.weight / node.weight;
      if (childWidth < MIN_WIDTH) {
        const hidden = node.children.slice(node.children.indexOf(child));
        const counts = {};
        let total = 0;
        for (const one of hidden) {
          total += one.weight;
          for (const verdict of VERDICTS) counts[verdict] = (counts[verdict] || 0) + (one.weights[verdict] || 0);
        }
        context.globalAlpha = matches && !hidden.some((one) => matches.get(one)) ? 0.25 : 1;
        if (top + ROW < height) fill(counts, total, left, top + ROW, Math.max(x + boxWidth - left - 1, 0.5));
        context.globalAlpha = 1;
        break;
      }
      visit(child, left, top + ROW, childWidth);
      left += childWidth;
    }
  };
  visit(zoom, 0, y, width);
  return boxes;
}

function fitText(context, text, width) {
  if (context.measureText(text).width <= width) return text;
  let low = 0;
  let high = text.length;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (context.measureText(text.slice(0, middle) + '…').width <= width) low = middle; else high = middle - 1;
  }
  return low > 0 ? text.slice(0, low) + '…' : '';
}
