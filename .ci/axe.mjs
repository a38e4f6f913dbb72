// Looks at every page of the built book as a browser does, and exits 1 on any finding.
//
//     mdbook build book && node .ci/axe.mjs [FOLDER] [--shots FOLDER]
//
// On each page: all of axe's rules at 1280 pixels; those about colours again in the dark theme; at 360
// pixels nothing may make the page scroll sideways, and the other rules hold as well (not asked again of
// the mistakes' pages, which are hundreds of one shape). And nothing may be asked of another host.
// `--shots` also saves each page as four pictures.

import { createServer } from 'node:http';
import { mkdir, readFile, readdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { extname, join, normalize, sep } from 'node:path';
import { parseArgs } from 'node:util';

import axe from 'axe-core';
import { chromium } from 'playwright-core';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { shots: { type: 'string' } },
});
const root = normalize(positionals[0] ?? 'book/book');

const DESKTOP = { width: 1280, height: 900 };
const PHONE = { width: 360, height: 740 };
// Chromium would else look up hosts of its own at every start.
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const TYPES = {
  '.html': 'text/html; charset=utf-8', '.css': 'text/css', '.js': 'text/javascript',
  '.svg': 'image/svg+xml', '.png': 'image/png', '.woff2': 'font/woff2', '.json': 'application/json',
};

/** Serves `folder` on a free port of 127.0.0.1. */
async function serve(folder) {
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(new URL(request.url, 'http://book').pathname);
    const file = join(folder, normalize(path.endsWith('/') ? `${path}index.html` : path));
    try {
      if (!file.startsWith(folder + sep)) throw new Error('outside the book');
      const body = await readFile(file);
      response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'text/plain; charset=utf-8' });
      response.end(body);
    } catch {
      response.writeHead(404).end('no such page');
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, origin: `http://127.0.0.1:${server.address().port}` };
}

/** The book's pages: every whole HTML document, which a figure's fragment is not. */
async function pagesOf(folder) {
  const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.html'));
  const pages = [];
  for (const name of names.sort()) {
    const head = (await readFile(join(folder, name), 'utf8')).slice(0, 200);
    // toc.html is what a browser without scripts shows in the sidebar's frame, and no page. print.html
    // is all pages in one, for paper: each is looked at by itself, and the whole takes minutes.
    if (/^\s*<!doctype html/i.test(head) && name !== 'toc.html' && name !== 'print.html') pages.push(name.split(sep).join('/'));
  }
  return pages;
}

/** Runs in the page: the elements that reach past its right edge, outside of what scrolls by itself. */
function sticksOut() {
  const width = document.documentElement.clientWidth;
  const scrollsItself = (element) => {
    for (let e = element.parentElement; e && !e.matches('#mdbook-content'); e = e.parentElement) {
      if (/auto|scroll|hidden|clip/.test(getComputedStyle(e).overflowX)) return true;
    }
    return false;
  };
  return [...document.querySelectorAll('main *')]
    .filter((e) => e.getBoundingClientRect().right > width + 1 && !scrollsItself(e))
    .slice(0, 3)
    .map((e) => `${e.tagName.toLowerCase()}${e.className ? `.${e.className}` : ''}: ${e.textContent.trim().slice(0, 60)}`);
}

/** What a theme changes, and a width does not; most of axe's time goes into these. */
const COLOURS = ['color-contrast', 'link-in-text-block'];
const ALL = {};
const ONLY_COLOURS = { runOnly: COLOURS };
const NO_COLOURS = { rules: Object.fromEntries(COLOURS.map((id) => [id, { enabled: false }])) };

/** axe's findings on what the page shows now; without the sidebar, which is the same on all pages
 * and looked at with the frame, unless the whole is asked for. */
async function findings(page, where, rules, whole = false) {
  const { violations } = await page.evaluate(([exclude, rules]) =>
    axe.run({ exclude }, { resultTypes: ['violations'], ...rules }), [whole ? [] : [['#mdbook-sidebar']], rules]);
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) =>
    `${where}: ${id}: ${target.join(' ')}\n      ${failureSummary.split('\n').slice(1).join(' ').trim()}`));
}

/** Opens a page with everything unfolded that is folded, and nothing moving. */
async function open(page, url) {
  await page.goto(url, { waitUntil: 'load' });
  await page.addStyleTag({ content: '*, ::before, ::after { transition: none !important; animation: none !important }' });
  await page.evaluate(() => {
    document.querySelectorAll('details').forEach((d) => { d.open = true; });
    // What was unfolded is measured in the next frame, and what scrolls is then made reachable.
    return new Promise((drawn) => { requestAnimationFrame(() => requestAnimationFrame(drawn)); });
  });
}

async function shot(page, name, look) {
  if (!options.shots) return;
  await mkdir(options.shots, { recursive: true });
  const file = `${name.replace(/\.html$/, '').replaceAll('/', '-')}-${look}.png`;
  await page.screenshot({ path: join(options.shots, file), fullPage: true });
}

/** What is wrong with one page. */
async function look(page, origin, name) {
  const found = [];
  const phone = name.startsWith('mistakes/') ? {} : { light: NO_COLOURS };
  for (const [width, size, looks] of [
    ['desktop', DESKTOP, { light: ALL, dark: ONLY_COLOURS }],
    ['phone', PHONE, phone],
  ]) {
    await page.setViewportSize(size);
    await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
    await open(page, `${origin}/${name}`);
    for (const theme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
      if (looks[theme]) found.push(...await findings(page, `${width}, ${theme}`, looks[theme]));
      await shot(page, name, `${width}-${theme}`);
    }
  }
  found.push(...(await page.evaluate(sticksOut)).map((what) => `phone: wider than ${PHONE.width} pixels: ${what}`));
  return found;
}

/** The frame that all pages share, with its search, its menu of themes and its help open. */
async function lookAtFrame(page, origin) {
  const found = [];
  await page.setViewportSize(DESKTOP);
  for (const theme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
    await open(page, `${origin}/index.html`);
    await page.click('#mdbook-theme-toggle');
    found.push(...await findings(page, `sidebar and themes, ${theme}`, ALL, true));
    await page.keyboard.press('Escape');
    await page.click('#mdbook-search-toggle');
    await page.locator('#mdbook-searchbar').pressSequentially('course');
    await page.waitForSelector('#mdbook-searchresults li');
    found.push(...await findings(page, `search, ${theme}`, ALL));
    await shot(page, 'frame-search', theme);
    await open(page, `${origin}/index.html`);
    await page.keyboard.press('?');
    found.push(...await findings(page, `help, ${theme}`, ALL));
  }
  return found;
}

async function main() {
  const { server, origin } = await serve(root);
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: FLAGS });
  const names = await pagesOf(root);
  const left = [...names];
  let count = 0;
  const report = (name, found) => {
    count += found.length;
    if (found.length > 0) console.log(`${name}: ${found.length}\n  ${found.join('\n  ')}`);
  };
  /** What pages asked for and should not have, by page. */
  const asked = new Map();
  /** A page in a context, and so a process, of its own. */
  const newPage = async () => {
    const context = await browser.newContext();
    await context.addInitScript({ content: axe.source });
    const page = await context.newPage();
    const complain = (what) => asked.set(page, [...asked.get(page) ?? [], what]);
    page.on('request', (request) => {
      const url = request.url();
      if (!url.startsWith(origin) && !url.startsWith('data:')) complain(`asks another host: ${url}`);
    });
    page.on('response', (response) => {
      if (response.status() >= 400) complain(`${response.status()}: ${new URL(response.url()).pathname}`);
    });
    page.on('pageerror', (error) => complain(`script: ${error.message}`));
    return page;
  };
  const work = async () => {
    const page = await newPage();
    // The sidebar names every page of the book. It is the same on all of them, and looked at with the
    // frame; on the pages it would be most of what axe walks through.
    await page.route(/\/toc-[0-9a-f]+\.js$/, (route) => route.fulfill({ contentType: 'text/javascript', body: '' }));
    for (let name = left.shift(); name !== undefined; name = left.shift()) {
      asked.delete(page);
      const found = await look(page, origin, name);
      report(name, [...new Set(asked.get(page)), ...found]);
    }
  };
  const frame = await newPage();
  report('the frame', [...await lookAtFrame(frame, origin), ...asked.get(frame) ?? []]);
  await frame.close();
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  await browser.close();
  server.close();

  console.log(`${names.length} pages, ${count} findings (axe ${axe.version}: light, dark, and ${PHONE.width} pixels)`);
  if (names.length === 0) console.error(`no pages in ${root}: run \`mdbook build book\` first`);
  process.exitCode = count > 0 || names.length === 0 ? 1 : 0;
}

await main();
