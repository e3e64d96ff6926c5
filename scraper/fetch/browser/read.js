// Waits until the page is as wanted and returns it as HTML, with open shadow roots and readable frames in place.
const [want, done] = arguments;
const QUIET_MS = 250, SETTLED_MS = 5, REQUEST_MS = 1000;
const swathe = window.__swathe;

const flat = () => {
  const sheet = document.implementation.createHTMLDocument("");
  const children = node => {
    if (node.shadowRoot) {
      const lone = [...node.childNodes].filter(child => !child.assignedSlot && child.nodeType === 1 && !child.slot);
      const slotted = node.shadowRoot.querySelector("slot") ? [] : lone;
      return [...node.shadowRoot.childNodes, ...slotted];
    }
    if (node.localName === "slot" && node.getRootNode() instanceof ShadowRoot) {
      const given = node.assignedNodes();
      return given.length ? given : [...node.childNodes];
    }
    return [...node.childNodes];
  };
  const framed = node => {
    try {
      const inside = node.contentDocument;
      if (!inside || !inside.body) return null;
      const box = sheet.createElement("div");
      for (const name of ["id", "class", "title"])
        if (node.hasAttribute(name)) box.setAttribute(name, node.getAttribute(name));
      box.setAttribute("data-frame", inside.URL);
      for (const child of inside.body.childNodes) box.append(copy(child));
      return box;
    } catch (error) {
      return null; // of another origin
    }
  };
  const copy = node => {
    if (node.localName === "iframe" || node.localName === "frame") {
      const box = framed(node);
      if (box) return box;
    }
    if (node.localName === "template") return sheet.importNode(node, true);
    const twin = sheet.importNode(node, false);
    if (node.nodeType === 1) for (const child of children(node)) twin.appendChild(copy(child));
    return twin;
  };
  return copy(document.documentElement).outerHTML;
};

const text = () => {
  const root = document.documentElement;
  if (!root) return "";
  const nested = document.querySelector("iframe, frame") || swathe.shadows(document).length;
  return (document.doctype ? "<!DOCTYPE html>\n" : "") + (nested ? flat() : root.outerHTML);
};

// Looking into shadow roots and frames takes a walk over the whole page: now and then is enough.
const DEEP_EVERY = 15;
let looks = 0;
const isThere = () => {
  if (document.readyState === "loading") return false;
  const deep = looks++ % DEEP_EVERY === 0;
  const found = deep ? swathe.find(want.wait_for) : document.querySelector(want.wait_for);
  return found && swathe.idleFor() >= SETTLED_MS && !swathe.isPending(REQUEST_MS);
};

const status = () => (performance.getEntriesByType("navigation")[0] || {}).responseStatus || 0;

const wait = async () => {
  // A page that is not there will not show what is waited for either.
  if (want.wait_for && status() < 400) {
    if (await swathe.until(isThere, want.limit_ms)) return "found";
    if (swathe.find(want.wait_for)) return "late";
  }
  const quiet = await swathe.until(() => swathe.isQuiet(QUIET_MS), want.quiet_ms);
  return want.wait_for ? "missing" : quiet ? "quiet" : "busy";
};

if (location.href.startsWith("chrome-error:")) done({ url: location.href, state: "error" });
else if (!swathe || location.href === "about:blank") done({ url: location.href, state: "early" });
else wait().then(state => {
  const page = { url: location.href, state, kind: document.contentType, html: null };
  page.status = status();
  if (want.most_chars) {
    const html = text();
    page.chars = html.length;
    if (html.length <= want.most_chars) page.html = html;
  }
  done(page);
}).catch(error => done({ url: location.href, state: "fault", fault: String(error) }));
