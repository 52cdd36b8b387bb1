import {h, render} from 'preact';
import {useEffect, useState} from 'preact/hooks';
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

function Page({data}) {
  const [hash, setHash] = useState(location.hash.slice(1));
  useEffect(() => {
    const changed = () => {
      setHash(location.hash.slice(1));
      scrollTo(0, 0);
    };
    addEventListener('hashchange', changed);
    return () => removeEventListener('hashchange', changed);
  }, []);
  const [view, id] = hash.split('/');
  const finding = view === 'finding' && data.findings.find((one) => one.key === id);
  const site = view === 'site' && data.sites.find((one) => one.key === id);
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
      <main>{finding ? <FindingView data={data} finding={finding} /> : site ? <SiteView data={data} site={site} /> : <Overview data={data} />}</main>
    </div>
  );
}

const data = readData();
document.title = `${data.meta.scenario}: ${data.verdict} - Faultline`;
const app = document.getElementById('app');
app.textContent = '';
render(<Page data={data} />, app);
