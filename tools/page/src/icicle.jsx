import {h} from 'preact';
import {useEffect, useMemo, useRef, useState} from 'preact/hooks';
import {VERDICTS, VERDICT_TEXT, framePlace, stackTree} from './data.js';

const ROW = 20;
const MIN_WIDTH = 1.5;  // narrower boxes are drawn as one, with the worst colour of what they hide

// An icicle of the call stacks of all sites, coloured by verdict. Drawn on a canvas: 10,000 sites
// make some 50,000 boxes, too many for elements. The mouse and the arrow keys move the selection,
// Enter and click zoom in, Escape and click on the bar at the top zoom out.
export function Icicle({data, query, onSite}) {
  const canvas = useRef(null);
  const tree = useMemo(() => stackTree(data.sites), [data]);
  const [zoom, setZoom] = useState(tree);
  const [selected, setSelected] = useState(null);
  const [width, setWidth] = useState(800);
  const boxes = useRef([]);
  const matches = useMemo(() => matchCounter(query), [query]);

  useEffect(() => {
    const measure = () => setWidth(canvas.current.parentElement.clientWidth);
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

  const shown = selected || zoom;
  return (
    <div class="icicle">
      <div class="bar">
        <button disabled={zoom === tree} onClick={() => { setZoom(zoom.parent || tree); }}>Zoom out</button>
        <button disabled={zoom === tree} onClick={() => { setZoom(tree); setSelected(null); }}>Reset</button>
        <span class="legend">
          {VERDICTS.filter((verdict) => tree.counts[verdict]).map((verdict) => (
            <span><i class={'swatch v-' + verdict.replace(' ', '-')}></i>{VERDICT_TEXT[verdict]} ({tree.counts[verdict]})</span>
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
        {VERDICTS.filter((verdict) => shown.counts[verdict]).map((verdict) => ` · ${shown.counts[verdict]} ${VERDICT_TEXT[verdict]}`)}
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
  const per = width / Math.max(1, node.sites);
  let deepest = 1;
  const visit = (one, depth) => {
    deepest = Math.max(deepest, depth);
    for (const child of one.children) {
      if (child.sites * per >= MIN_WIDTH || depth < 3) visit(child, depth + 1);
    }
  };
  visit(node, 1);
  return deepest;
}

function matchCounter(query) {
  if (!query) return null;
  const text = query.toLowerCase();
  return (node) => node.name.toLowerCase().includes(text) || node.file.toLowerCase().includes(text);
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
  const box = (node, x, y, boxWidth) => {
    boxes.push({node, x, y, width: boxWidth});
    context.globalAlpha = matches && !matches(node) ? 0.35 : 1;
    // A box that holds several verdicts shows them in their shares, the worst one first.
    const drawn = Math.max(boxWidth - (boxWidth > 3 ? 1 : 0), 0.5);
    let left = x;
    for (const verdict of VERDICTS) {
      const share = drawn * (node.counts[verdict] || 0) / node.sites;
      if (share === 0) continue;
      // However small its share is, a finding must be seen.
      const seen = verdict === 'finding' ? Math.min(Math.max(share, 2), x + drawn - left) : share;
      context.fillStyle = palette[verdict];
      context.fillRect(left, y, Math.max(Math.min(seen, x + drawn - left), 0), ROW - 1);
      left += seen;
    }
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
      const childWidth = boxWidth * child.sites / node.sites;
      if (childWidth < MIN_WIDTH) {
        // Children are sorted worst first, so the first of those that are too narrow has the colour
        // that must be seen.
        const rest = x + boxWidth - left;
        context.globalAlpha = matches ? 0.35 : 1;
        context.fillStyle = palette[child.verdict];
        if (top + ROW < height) context.fillRect(left, top + ROW, Math.max(rest - 1, 0.5), ROW - 1);
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
