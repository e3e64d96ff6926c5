// Carries out one action of scraper.browser.actions in the page; resolves to {}, to {fault: why it could not be}, or to
// {doubt: why the list that it unfolded may have more}; with {steps: [when each began, whether it added entries]}.
const [action, done] = arguments;
const QUIET_MS = 250, STEP_MS = 30;
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
const scroll = (element, to) => {
  element.scrollTop = to;
  element.dispatchEvent(new Event("scroll"));
  window.dispatchEvent(new Event("scroll"));
};
const scrollers = () => [document.scrollingElement, ...[...document.querySelectorAll("*")].filter(element =>
  element.scrollHeight > element.clientHeight + 1 && element.clientHeight > 100
  && /auto|scroll/.test(getComputedStyle(element).overflowY))].filter(Boolean);

// Which entries the page has shown, by what tells them apart: a list may keep only those in view in the document.
const MOST_ROWS = 20000;
const rowsThere = () => action.rows ? swathe.findAll(action.rows) : [];
const named = row => [row.textContent.trim(), row.getAttribute("href"),
  ...[...row.querySelectorAll("a[href]")].map(link => link.getAttribute("href"))].join("\n");
// Keep copies of the entries there; tell whether enough of them were there before, so that none lies between.
const look = () => {
  const there = new Map(rowsThere().map(row => [named(row), row])), kept = swathe.state.rows;
  const known = [...there.keys()].filter(name => kept.has(name)).length;
  for (const [name, row] of there)
    if (!kept.has(name) && kept.size < MOST_ROWS) kept.set(name, { copy: row.cloneNode(true), parent: row.parentNode });
  return 4 * known >= there.size;
};
const lost = () => {
  const there = new Set(rowsThere().map(named));
  return [...swathe.state.rows].filter(([name]) => !there.has(name)).map(([, kept]) => kept);
};
const putBack = ({ copy, parent }) => {
  const place = parent.isConnected ? parent : (rowsThere()[0] || {}).parentNode;
  if (place) place.append(copy);
  return !!place && copy.matches(action.rows);
};
// Entries that have left are put back behind the others. That is all of them where none can have been passed over.
const ended = (why, isSeamless) => {
  const gone = lost(), isWhole = gone.map(putBack).every(Boolean) && isSeamless && swathe.state.rows.size < MOST_ROWS;
  if (!isWhole && gone.length)
    return { doubt: `${gone.length} entries that were shown have left the page while ${action.do} went on` };
  return why && { doubt: why };
};
// Go through a list once more, half of what is in view at a time; tell whether each step showed enough of the one before.
const walk = async () => {
  const deadline = swathe.clock() + limit;
  let isSeamless = true;
  for (const element of scrollers()) {
    const move = async to => {
      scroll(element, to);
      await swathe.until(() => false, STEP_MS);
      await swathe.until(() => !swathe.isPending(limit) && swathe.idleFor() >= 20, limit);
    };
    await move(0);
    for (let times = 0; look() || (isSeamless = false); times++) {
      if (element.scrollTop + element.clientHeight >= element.scrollHeight - 1) break;
      if (times >= action.most || swathe.clock() > deadline) return false;
      await move(element.scrollTop + element.clientHeight / 2);
    }
  }
  return isSeamless;
};
const failures = () => swathe.state.failed;
// Do one step, and note whether it added entries; where none are known by a selector, anything that was added counts.
const steps = [];
const step = async (doIt, wait) => {
  const before = size(), there = new Set(rowsThere().map(named)), noted = [swathe.clock(), false];
  steps.push(noted);
  doIt();
  const added = await wait(before);
  const rows = rowsThere();
  noted[1] = there.size || rows.length ? rows.some(row => !there.has(named(row))) : size() > before;
  return { added, grew: noted[1] };
};
const isOver = button => button.getAttribute("aria-disabled") === "true" || button.classList.contains("disabled")
  || !!button.closest("[inert]");

const kinds = {
  wait_for: async () => {
    await swathe.until(() => swathe.find(action.css), action.timeout_s * 1000);
  },
  click: async () => {
    const element = await swathe.until(() => usable(action.css), limit);
    if (!element) return `nothing that can be clicked matches ${action.css}`;
    await step(() => press(element), quiet);
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
      if (!(button instanceof Object) || isOver(button)) return ended("", true);
      look();
      const failed = failures(), known = swathe.state.rows.size;
      const { added, grew } = await step(() => press(button), grown);
      look();
      if (failures() > failed && !(grew && known) && usable(action.css)) return ended(`what ${action.css} asks for failed`, false);
      // A button may also lead to other entries in the place of those that are there.
      if (!added && swathe.state.rows.size === known)
        return ended(usable(action.css) && !isOver(button) ? `${action.css} can still be clicked and adds nothing` : "", true);
    }
    return ended(usable(action.css) && `${action.css} was clicked ${action.most} times, which is the limit`, true);
  },
  scroll_to_end: async () => {
    const walked = async why => ended(why, !lost().length || await walk());
    for (let times = 0; times < action.most; times++) {
      look();
      const failed = failures();
      const matched = action.until_css_stops ? swathe.findAll(action.until_css_stops).length : 0;
      const toEnd = () => { for (const element of scrollers()) scroll(element, element.scrollHeight); };
      const { added, grew } = await step(toEnd, grown);
      look();
      // What the page says of a failure is no entry.
      if (!added || (failures() > failed && !grew && action.rows)) return walked("");
      if (action.until_css_stops && swathe.findAll(action.until_css_stops).length <= matched) {
        await quiet();
        if (swathe.findAll(action.until_css_stops).length <= matched) return walked("");
      }
    }
    return walked(`it was scrolled ${action.most} times, which is the limit`);
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
else kinds[action.do]().then(end => done(typeof end === "string" && end ? { fault: end } : { ...end, steps }), error => done({ fault: String(error) }));
