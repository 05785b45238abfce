// Keeps the page up to date: puts in what changed, leaves all else as it is, and the reader where they were.
(() => {
  "use strict";
  const status = document.getElementById("status");
  const posts = document.getElementById("posts");
  const tell = (text) => { status.textContent = text; };

  const element = (html) => {
    const made = document.createElement("template");
    made.innerHTML = html;
    return made.content.firstElementChild;
  };

  const put = (id, html) => {
    const fresh = element(html), old = document.getElementById(id);
    if (!old) { posts.append(fresh); return fresh; }
    const folds = [...old.querySelectorAll("details")].map((each) => each.open);
    fresh.querySelectorAll("details").forEach((each, n) => { each.open = folds[n] || false; });
    const focused = old.contains(document.activeElement) ? document.activeElement : null;
    const place = focused ? [...old.querySelectorAll("a, summary, [tabindex]")].indexOf(focused) : -1;
    old.replaceWith(fresh);
    if (place >= 0) fresh.querySelectorAll("a, summary, [tabindex]")[place]?.focus({ preventScroll: true });
    return fresh;
  };

  const arrange = (order) => {
    let at = posts.firstElementChild;
    for (const id of order) {
      const each = document.getElementById(id);
      if (each === at) at = at.nextElementSibling;
      else posts.insertBefore(each, at);
    }
    while (at) { const next = at.nextElementSibling; at.remove(); at = next; }
  };

  // What a reader looks at: the first post of which more than its last line is on the screen.
  const seen = () => [...posts.children].find((each) => each.getBoundingClientRect().bottom > 64);

  // Posts near the screen are laid out as they come near it, so what stands above moves once more a frame later.
  const stay = (id, top, frames) => {
    const each = document.getElementById(id);
    if (each) window.scrollBy({ top: each.getBoundingClientRect().top - top, behavior: "instant" });
    const at = window.scrollY;
    requestAnimationFrame(() => {
      if (each && frames && window.scrollY === at) stay(id, top, frames - 1);
      else document.body.classList.remove("changing");
    });
  };

  const change = ({ blocks, order, changed, said }) => {
    const before = window.scrollY > 0 ? seen() : undefined;
    const top = before?.getBoundingClientRect().top;
    // A browser that holds what it shows in place would do so a second time.
    document.body.classList.add("changing");
    document.querySelectorAll(".fresh").forEach((each) => each.classList.remove("fresh"));
    for (const [id, html] of Object.entries(blocks)) {
      const fresh = put(id, html);
      if (changed.includes(id)) fresh.classList.add("fresh");
    }
    arrange(order);
    if (said) tell(said);
    if (changed.length === 1) {
      const link = document.createElement("a");
      link.href = `#${changed[0]}`;
      link.textContent = changed[0] === "problem" ? "Show why" : "Show it";
      status.append(" ", link);
    }
    if (before) stay(before.id, top, 3);
    else document.body.classList.remove("changing");
  };

  document.querySelectorAll("[name=show]").forEach((each) => {
    each.addEventListener("change", () => { document.body.dataset.show = each.value; });
    if (each.checked) document.body.dataset.show = each.value;
  });

  const events = new EventSource(`/events?version=${encodeURIComponent(document.body.dataset.version)}`);
  events.addEventListener("change", (event) => change(JSON.parse(event.data)));
  events.addEventListener("reload", () => location.reload());
  events.onerror = () => tell(events.readyState === EventSource.CLOSED
    ? "This page is not kept up to date: too many pages of the preview are open. Close some, then load it again."
    : "The preview has ended. Start threadsync watch --preview again; this page will find it.");
  events.onopen = () => { if (status.textContent.startsWith("The preview has ended")) tell(""); };
})();
