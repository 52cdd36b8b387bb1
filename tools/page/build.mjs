// Bundles src/ into one HTML file that works from disk: harness/report/page.html. The C++ build
// embeds that file as it is and needs no Node. Run by tools/page/build.
import * as esbuild from 'esbuild';
import {readFileSync, writeFileSync} from 'node:fs';

const result = await esbuild.build({
  entryPoints: ['src/main.jsx'],
  bundle: true,
  minify: true,
  write: false,
  outdir: 'out',
  format: 'iife',
  target: 'es2020',
  charset: 'ascii',
  legalComments: 'none',
  jsxFactory: 'h',
  jsxFragment: 'Fragment',
  loader: {'.css': 'css'},
});
const text = (suffix) => result.outputFiles.find((file) => file.path.endsWith(suffix)).text.trim();
const script = text('.js');
if (/<\/script/i.test(script)) {
  throw new Error('the bundle would end its own <script>');
}
const page = readFileSync('src/page.html', 'utf8')
  .replace('/*STYLE*/', () => text('.css'))
  .replace('/*SCRIPT*/', () => script);
writeFileSync('../../harness/report/page.html', page);
console.log(`harness/report/page.html: ${page.length} bytes`);
