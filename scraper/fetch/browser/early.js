// Runs in every document before its own code: notices activity, lets no dialog block, and finds what is nested.
(() => {
  "use strict";
  if (Object.prototype.hasOwnProperty.call(window, "__swathe")) return;
  const MOST_DIALOGS = 100;
  const clock = () => performance.timeOrigin + performance.now();
  const state = { changed: clock(), pending: new Set(), dialogs: 0, failed: 0, rows: new Map() };
  const touch = () => { state.changed = clock(); };
  const watch = root => new MutationObserver(touch).observe(root, { childList: true, subtree: true, characterData: true });
  watch(document);

  const attach = Element.prototype.attachShadow;
  Element.prototype.attachShadow = function (init) {
    const root = attach.call(this, init);
    watch(root);
    return root;
  };

  // Whether what the page asks its own site for fails: another site's statistics are blocked on purpose.
  const site = host => /^[\d.:[\]]+$/.test(host) ? host : host.split(".").slice(-2).join(".");
  const judge = (address, status) => {
    try {
      if ((status === 0 || status >= 400) && site(new URL(address, location).hostname) === site(location.hostname)) state.failed += 1;
    } catch { /* no address */ }
  };
  const begin = () => { const request = { since: clock() }; state.pending.add(request); return request; };
  const end = request => { state.pending.delete(request); touch(); };
  const fetched = window.fetch;
  window.fetch = function (...given) {
    const request = begin();
    const answer = fetched.apply(this, given);
    const address = given[0] && given[0].url || String(given[0]);
    answer.then(got => { judge(address, got.status); end(request); },
      error => { if (!error || error.name !== "AbortError") judge(address, 0); end(request); });
    return answer;
  };
  const send = XMLHttpRequest.prototype.send;
  XMLHttpRequest.prototype.send = function (...given) {
    const request = begin();
    let aborted = false;
    this.addEventListener("abort", () => { aborted = true; }, { once: true });
    this.addEventListener("loadend", () => {
      if (!aborted) judge(this.responseURL || location.href, this.status);
      end(request);
    }, { once: true });
    try {
      return send.apply(this, given);
    } catch (error) {
      end(request);
      throw error;
    }
  };
  // The promise of fetch comes with the headers; this with the last byte. Pictures, styles and icons bring no data.
  const DATA = ["fetch", "xmlhttprequest", "script", "iframe", "frame", "embed", "object"];
  new PerformanceObserver(list => {
    if (list.getEntries().some(entry => DATA.includes(entry.initiatorType))) touch();
  }).observe({ type: "resource" });

  // Dialogs are dismissed. A page that asks without end is stopped where it asks.
  const dismiss = answer => () => {
    state.dialogs += 1;
    if (state.dialogs > MOST_DIALOGS) throw new Error("too many dialogs");
    return answer;
  };
  window.alert = dismiss(undefined);
  window.confirm = dismiss(false);
  window.prompt = dismiss(null);
  window.print = dismiss(undefined);
  window.open = () => null;
  window.addEventListener("beforeunload", event => event.stopImmediatePropagation(), true);

  // Where a page goes by itself is followed for some seconds. What comes later is meant for somebody who idles there, and
  // a page that is to load itself anew by `<meta http-equiv=refresh>` is read instead. A click may lead anywhere.
  const FOLLOWED_MS = 5000;
  let shown = Infinity, clicked = -Infinity;
  document.addEventListener("DOMContentLoaded", () => { shown = clock(); }, { capture: true, once: true });
  window.addEventListener("click", () => { clicked = clock(); }, true);
  const bare = address => address.split("#")[0];
  if (window === window.top && window.navigation) window.navigation.addEventListener("navigate", event => {
    if (event.destination.sameDocument || !event.cancelable || clock() - clicked < FOLLOWED_MS) return;
    const anew = bare(event.destination.url) === bare(location.href) && document.querySelector("meta[http-equiv=refresh i]");
    if (anew || clock() - shown > FOLLOWED_MS) event.preventDefault();
  });

  // Every document within reach: this one and those of frames of the same origin.
  const documents = () => {
    const found = [];
    const add = view => {
      try {
        if (view.document) found.push(view.document);
        for (let i = 0; i < view.frames.length; i++) add(view.frames[i]);
      } catch (error) { /* a frame of another origin may not be read */ }
    };
    add(window);
    return found;
  };
  const shadows = root => {
    const found = [];
    for (const element of root.querySelectorAll("*"))
      if (element.shadowRoot) found.push(element.shadowRoot, ...shadows(element.shadowRoot));
    return found;
  };
  const findAll = css => {
    const found = [];
    for (const page of documents()) {
      found.push(...page.querySelectorAll(css));
      for (const root of shadows(page)) found.push(...root.querySelectorAll(css));
    }
    return found;
  };
  const find = css => {
    const quick = document.querySelector(css);
    return quick || findAll(css)[0] || null;
  };
  const states = () => documents().map(page => page.defaultView && page.defaultView.__swathe).filter(Boolean);
  const idleFor = () => clock() - Math.max(...states().map(one => one.state.changed));
  const isPending = youngerThan => states().some(one =>
    [...one.state.pending].some(request => clock() - request.since < youngerThan));
  const isComplete = () => documents().every(page => page.readyState === "complete");
  const isQuiet = forMs => isComplete() && !isPending(Infinity) && idleFor() >= forMs;

  const later = window.setTimeout.bind(window);
  const until = (condition, limitMs) => new Promise((resolve, reject) => {
    const deadline = clock() + limitMs;
    const look = () => {
      try {
        const value = condition();
        if (value || clock() >= deadline) resolve(value);
        else later(look, 4);
      } catch (error) { reject(error); }
    };
    look();
  });
  const api = { state, clock, documents, shadows, find, findAll, idleFor, isPending, isComplete, isQuiet, until };
  Object.defineProperty(window, "__swathe", { value: Object.freeze(api) });
})();
