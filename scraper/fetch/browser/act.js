// Carries out one action of scraper.fetch.browser.actions in the page; resolves to {} or to {fault: why it could not be}.
const [action, done] = arguments;
const QUIET_MS = 250;
const swathe = window.__swathe;
const limit = action.limit_ms;

const isUsable = element => !element.disabled && element.getClientRects().length > 0
  && element.ownerDocument.defaultView.getComputedStyle(element).visibility !== "hidden";
const usable = css => swathe.findAll(css).find(isUsable) || null;

const press = element => {
  element.scrollIntoView({ block: "center" });
  const view = element.ownerDocument.defaultView;
  for (const [Kind, type] of [["PointerEvent", "pointerdown"], ["MouseEvent", "mousedown"],
    ["PointerEvent", "pointerup"], ["MouseEvent", "mouseup"]])
    element.dispatchEvent(new view[Kind](type, { bubbles: true, cancelable: true, composed: true, view }));
  element.click();
};

const size = () => swathe.documents().reduce((sum, page) => sum + page.getElementsByTagName("*").length, 0)
  + swathe.shadows(document).reduce((sum, root) => sum + root.querySelectorAll("*").length, 0);
const quiet = () => swathe.until(() => swathe.isQuiet(QUIET_MS), limit);
// Something was added, or the page has come to rest without it.
const grown = async before => {
  await swathe.until(() => size() > before || swathe.isQuiet(QUIET_MS), limit);
  await swathe.until(() => !swathe.isPending(limit) && swathe.idleFor() >= 20, limit);
  return size() > before;
};
const scrollers = () => [document.scrollingElement, ...[...document.querySelectorAll("*")].filter(element =>
  element.scrollHeight > element.clientHeight + 1 && element.clientHeight > 100
  && /auto|scroll/.test(getComputedStyle(element).overflowY))].filter(Boolean);

const kinds = {
  wait_for: async () => {
    await swathe.until(() => swathe.find(action.css), action.timeout_s * 1000);
  },
  click: async () => {
    const element = await swathe.until(() => usable(action.css), limit);
    if (!element) return `nothing that can be clicked matches ${action.css}`;
    press(element);
    await quiet();
  },
  dismiss: async () => {
    const element = await swathe.until(() => usable(action.css) || swathe.isQuiet(QUIET_MS), limit);
    if (element instanceof Object) {
      press(element);
      await swathe.until(() => !usable(action.css), limit);
    }
  },
  load_more: async () => {
    for (let times = 0; times < action.most; times++) {
      const button = await swathe.until(() => usable(action.css) || (swathe.isQuiet(QUIET_MS) && "none"), limit);
      if (!(button instanceof Object)) return;
      const before = size();
      press(button);
      if (!await grown(before)) return;
    }
  },
  scroll_to_end: async () => {
    for (let times = 0; times < action.most; times++) {
      const before = size();
      const matched = action.until_css_stops ? swathe.findAll(action.until_css_stops).length : 0;
      for (const element of scrollers()) {
        element.scrollTop = element.scrollHeight;
        element.dispatchEvent(new Event("scroll"));
      }
      window.dispatchEvent(new Event("scroll"));
      if (!await grown(before)) return;
      if (action.until_css_stops && swathe.findAll(action.until_css_stops).length <= matched) {
        await quiet();
        if (swathe.findAll(action.until_css_stops).length <= matched) return;
      }
    }
  },
  type: async () => {
    const element = await swathe.until(() => usable(action.css), limit);
    if (!element) return `nothing that can be typed into matches ${action.css}`;
    element.focus();
    // The setter of the class, because frameworks put their own over the one of the element.
    const setter = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(element), "value");
    if (setter && setter.set) setter.set.call(element, action.text);
    else element.textContent = action.text;
    element.dispatchEvent(new Event("input", { bubbles: true }));
    element.dispatchEvent(new Event("change", { bubbles: true }));
    if (action.submit) {
      const key = { key: "Enter", code: "Enter", keyCode: 13, which: 13, bubbles: true, cancelable: true };
      const taken = !element.dispatchEvent(new KeyboardEvent("keydown", key));
      element.dispatchEvent(new KeyboardEvent("keyup", key));
      if (!taken && element.form) element.form.requestSubmit();
    }
    await quiet();
  },
  script: async () => {
    await new (Object.getPrototypeOf(async () => {}).constructor)(action.javascript)();
    await quiet();
  },
};

if (!swathe) done({ fault: "the page is not there" });
else kinds[action.do]().then(fault => done(fault ? { fault } : {}), error => done({ fault: String(error) }));
