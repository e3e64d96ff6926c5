// Fills in what goes on now, as the server tells it; without scripts the page loads itself anew.
(() => {
  const place = document.querySelector("[data-events]");
  if (!place) return;
  const GIVE_UP_MS = 15000;
  let source = null, again = 0;

  const at = (data, path) => path.split(".").reduce((value, name) => value?.[name], data);
  const written = value => typeof value === "number" ? String(value).replace(/\B(?=(\d{3})+$)/g, "\u202f") : String(value);

  const fill = data => {
    for (const one of document.querySelectorAll("[data-live]")) {
      const value = at(data, one.dataset.live);
      if (value !== undefined && value !== null) one.textContent = written(value);
    }
    const bar = document.querySelector("progress[data-bar]");
    if (bar) {
      bar.hidden = !data.stated;
      if (data.stated) [bar.max, bar.value] = [data.stated, Math.min(data.records, data.stated)];
    }
  };

  const say = text => {
    const note = document.querySelector("[data-live-note]");
    if (note && note.textContent !== text) note.textContent = text;
  };

  const open = () => {
    if (source || document.hidden) return;
    source = new EventSource(place.dataset.events);
    source.onopen = () => say("");
    source.addEventListener("run", event => { say(""); fill(JSON.parse(event.data)); });
    source.addEventListener("runs", event => {
      // What has begun or ended since the page was made changes all of it, which htmx then asks for.
      const made = document.querySelector("[data-state]");
      if (made?.dataset.state !== JSON.parse(event.data).state) made?.parentElement.dispatchEvent(new Event("changed"));
      say("");
    });
    source.addEventListener("end", () => { close(); location.reload(); });
    source.addEventListener("away", event => say(JSON.parse(event.data).error));
    source.onerror = () => {
      // A browser asks again by itself, but not after a refusal.
      if (source?.readyState !== EventSource.CLOSED) return;
      close();
      say("not live: load the page again");
      again = setTimeout(open, GIVE_UP_MS);
    };
  };

  const close = () => { clearTimeout(again); source?.close(); source = null; };

  // A browser has six connections to a server: those that nobody looks at are left to others.
  document.addEventListener("visibilitychange", () => document.hidden ? close() : open());
  addEventListener("pagehide", close);
  addEventListener("pageshow", open);
})();
