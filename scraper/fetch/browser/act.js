// Carries out one action of scraper.browser.actions in the page; resolves to {}, to {fault: why it could not be}, or to
// {doubt: why the list that it unfolded may have more}.
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

// Which entries the page has shown: a list that keeps only those in view in the document has more than can be read.
const MOST_ROWS = 20000;
const shown = () => new Set(action.rows ? swathe.findAll(action.rows).map(row => row.textContent.trim()) : []);
const look = () => { for (const row of shown()) if (swathe.state.rows.size < MOST_ROWS) swathe.state.rows.add(row); };
const left = () => {
  const there = shown();
  return [...swathe.state.rows].filter(row => !there.has(row)).length;
};
const doubted = why => {
  const count = left();
  if (count) return { doubt: `${count} entries that were shown have left the page while ${action.do} went on` };
  return why && { doubt: why };
};
const failures = () => swathe.state.failed;
const isOver = button => button.getAttribute("aria-disabled") === "true" || button.classList.contains("disabled")
  || !!button.closest("[inert]");

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
      if (!(button instanceof Object) || isOver(button)) return doubted("");
      const before = size(), failed = failures();
      look();
      press(button);
      const more = await grown(before);
      look();
      if (failures() > failed && usable(action.css)) return doubted(`what ${action.css} asks for failed`);
      if (!more) return doubted(usable(action.css) && !isOver(button) ? `${action.css} can still be clicked and adds nothing` : "");
    }
    return doubted(usable(action.css) && `${action.css} was clicked ${action.most} times, which is the limit`);
  },
  scroll_to_end: async () => {
    for (let times = 0; times < action.most; times++) {
      const before = size(), failed = failures();
      look();
      const matched = action.until_css_stops ? swathe.findAll(action.until_css_stops).length : 0;
      for (const element of scrollers()) {
        element.scrollTop = element.scrollHeight;
        element.dispatchEvent(new Event("scroll"));
      }
      window.dispatchEvent(new Event("scroll"));
      const more = await grown(before);
      look();
      if (!more) return doubted(failures() > failed && "what the page asks for at its end failed");
      if (action.until_css_stops && swathe.findAll(action.until_css_stops).length <= matched) {
        await quiet();
        if (swathe.findAll(action.until_css_stops).length <= matched) return doubted("");
      }
    }
    return doubted(`it was scrolled ${action.most} times, which is the limit`);
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
else kinds[action.do]().then(end => done(typeof end === "string" && end ? { fault: end } : end || {}), error => done({ fault: String(error) }));
