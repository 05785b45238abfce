// What reading does not need: carousel buttons, Enter on spoilers, and showing new posts as they come.
"use strict";

const POLL_MILLISECONDS = 2000;
const RELATIVE_TIMES_MILLISECONDS = 30000;

function prepareCarousels(root) {
  for (const carousel of root.querySelectorAll(".carousel")) {
    const strip = carousel.querySelector(".strip");
    const turns = carousel.querySelectorAll("[data-turn]");
    const settle = () => {
      const atEnd = strip.scrollLeft + strip.clientWidth >= strip.scrollWidth - 4;
      turns[0].setAttribute("aria-disabled", strip.scrollLeft <= 4);
      turns[1].setAttribute("aria-disabled", atEnd);
    };
    for (const turn of turns) {
      turn.addEventListener("click", () => {
        strip.scrollBy({ left: Number(turn.dataset.turn) * strip.clientWidth * 0.8 });
      });
    }
    strip.addEventListener("scroll", settle, { passive: true });
    carousel.querySelector(".turn").hidden = false;
    settle();
  }
}

function revealOnEnter(event) {
  if (event.key === "Enter" && event.target.matches("input[type=checkbox]")) event.target.click();
}

// A post that the server wrote as before keeps its element, and with it what is open, playing or focused.
const written = new Map();
const withoutTimes = (item) => item.outerHTML.replace(/(<time[^>]*>)[^<]*/g, "$1");

function remember(items) {
  for (const item of items) written.set(item.id, withoutTimes(item));
}

function merge(fresh) {
  const feed = document.querySelector(".feed");
  const incoming = fresh.querySelector(".feed");
  const page = document.querySelector("main");
  if (!feed || !incoming) {
    page.replaceChildren(...fresh.querySelector("main").childNodes);
    remember(page.querySelectorAll(".conversation"));
    return;
  }
  let next = feed.firstElementChild;
  for (const item of [...incoming.children]) {
    const old = document.getElementById(item.id);
    const text = withoutTimes(item);
    if (old && written.get(item.id) === text) {
      const times = item.querySelectorAll("time");
      old.querySelectorAll("time").forEach((time, at) => { time.textContent = times[at].textContent; });
      if (old === next) next = next.nextElementSibling;
      else feed.insertBefore(old, next);
      continue;
    }
    if (old === next && next) next = next.nextElementSibling;
    if (old) old.remove();
    written.set(item.id, text);
    feed.insertBefore(item, next);
    prepareCarousels(item);
  }
  while (next) {
    const gone = next;
    next = next.nextElementSibling;
    gone.remove();
  }
}

function refreshFrame(fresh) {
  const open = [...document.querySelectorAll("#panel details[open]")].map((found) => found.id);
  const live = document.querySelector(".live");
  const panel = fresh.querySelector("#panel");
  panel.querySelector(".live").replaceWith(live);
  for (const id of open) panel.querySelector(`#${id}`).open = true;
  document.querySelector("#panel").replaceChildren(...panel.childNodes);
  const counts = fresh.querySelectorAll(".tabs .count");
  document.querySelectorAll(".tabs .count").forEach((count, at) => { count.innerHTML = counts[at].innerHTML; });
}

async function refresh() {
  const answer = await fetch(location.href);
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const anchor = [...document.querySelectorAll(".conversation")].find((item) => item.getBoundingClientRect().bottom > 0);
  const before = anchor && anchor.getBoundingClientRect().top;
  const focused = document.activeElement;
  merge(fresh);
  refreshFrame(fresh);
  if (anchor && anchor.isConnected && scrollY > 0) scrollBy({ top: anchor.getBoundingClientRect().top - before, behavior: "instant" });
  if (focused && focused.isConnected) focused.focus({ preventScroll: true });
  document.body.dataset.serial = fresh.body.dataset.serial;
}

function watch() {
  const button = document.querySelector(".live button");
  const status = document.querySelector(".live [role=status]");
  let looked = Date.now();
  document.querySelector(".live").hidden = false;
  button.addEventListener("click", () => {
    button.setAttribute("aria-pressed", button.getAttribute("aria-pressed") !== "true");
  });
  const look = async () => {
    try {
      if (!document.hidden && button.getAttribute("aria-pressed") === "true") {
        const serials = await (await fetch("/sandbox/serial")).json();
        const serial = serials[document.body.dataset.serialName];
        const isOld = Date.now() - looked > RELATIVE_TIMES_MILLISECONDS;
        if (String(serial) !== document.body.dataset.serial || isOld) {
          await refresh();
          looked = Date.now();
        }
        status.textContent = "";
      }
    } catch (error) {
      status.textContent = "The sandbox does not answer.";
    }
    setTimeout(look, POLL_MILLISECONDS);
  };
  setTimeout(look, POLL_MILLISECONDS);
}

remember(document.querySelectorAll(".conversation"));
prepareCarousels(document);
document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
document.addEventListener("keydown", revealOnEnter);
watch();
