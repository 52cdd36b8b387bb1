import {h, render} from 'preact';
import {useEffect, useLayoutEffect, useRef, useState} from 'preact/hooks';
import {readData} from './data.js';
import {FindingView, SiteView} from './finding.jsx';
import {Overview} from './overview.jsx';
import './style.css';

function ThemeButton() {
  const dark = () => (document.documentElement.dataset.theme || (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')) === 'dark';
  const [isDark, setDark] = useState(dark);
  const turn = () => {
    document.documentElement.dataset.theme = dark() ? 'light' : 'dark';
    setDark(dark());
    dispatchEvent(new Event('faultline-theme'));
  };
  return <button onClick={turn}>{isDark ? 'Light' : 'Dark'}</button>;
}

const isOverview = (view) => view !== 'finding' && view !== 'site';

// The overview stays as it was left: search, zoom and place.
function useHash() {
  const [hash, setHash] = useState(location.hash.slice(1));
  const place = useRef({isOverview: isOverview(hash.split('/')[0]), y: 0});
  useEffect(() => {
    history.scrollRestoration = 'manual';
    const changed = () => {
      place.current.isOverview = isOverview(location.hash.slice(1).split('/')[0]);
      setHash(location.hash.slice(1));
    };
    const scrolled = () => {
      if (place.current.isOverview) place.current.y = scrollY;
    };
    addEventListener('hashchange', changed);
    addEventListener('scroll', scrolled, {passive: true});
    return () => {
      removeEventListener('hashchange', changed);
      removeEventListener('scroll', scrolled);
    };
  }, []);
  useLayoutEffect(() => scrollTo(0, place.current.isOverview ? place.current.y : 0), [hash]);
  return hash;
}

function Page({data}) {
  const [view, id] = useHash().split('/');
  const finding = view === 'finding' && data.findings.find((one) => one.key === id);
  const site = view === 'site' && data.sites.find((one) => one.key === id);
  const isGone = !isOverview(view) && !finding && !site;
  return (
    <div>
      <header>
        <div>
          <h1>{data.meta.scenario}</h1>
          <p>{[data.meta.program, data.meta.machine, 'Faultline ' + data.meta.version, data.meta.time].filter(Boolean).join(' · ')}</p>
        </div>
        <ThemeButton />
      </header>
      {data.meta.state === 'unfinished' && <p class="unfinished" role="alert">This report is unfinished: the sweep that writes it has not ended, or was killed.</p>}
      <main>
        {finding && <FindingView data={data} finding={finding} />}
        {site && <SiteView data={data} site={site} />}
        {isGone && <p class="unfinished" role="alert">This report has no {view} {id}.</p>}
        <div hidden={finding || site}><Overview data={data} /></div>
      </main>
    </div>
  );
}

const data = readData();
document.title = `${data.meta.scenario}: ${data.verdict} - Faultline`;
const app = document.getElementById('app');
app.textContent = '';
render(<Page data={data} />, app);
