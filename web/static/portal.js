// Comfort only: every page works without this.
document.documentElement.classList.add("scripted");

// The browser's own form of the page's language, such as en-GB of en.
const language = document.documentElement.lang;
const reader = navigator.languages.find((tag) => tag === language || tag.startsWith(`${language}-`)) ?? language;

// Moments in the reader's own zone, the exact one on hover.
for (const time of document.querySelectorAll("time[datetime]")) {
  const moment = new Date(time.dateTime);
  time.title = time.textContent;
  time.textContent = moment.toLocaleString(reader, { dateStyle: "medium", timeStyle: "short" });
}

// Copy buttons, and a guard against leaving before the key is copied.
let copied = !document.querySelector("[data-secret]");
for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    const source = document.getElementById(button.dataset.copy);
    const status = document.getElementById("copied");
    try {
      await navigator.clipboard.writeText(source.textContent.trim());
      status.textContent = status.dataset.copied;
    } catch {
      getSelection().selectAllChildren(source);
      status.textContent = status.dataset.select;
    }
    copied = true;
  });
}
document.addEventListener("copy", () => { copied = true; });
addEventListener("beforeunload", (event) => { if (!copied) event.preventDefault(); });

// Ticking a scope means wanting only the ticked ones.
for (const box of document.querySelectorAll("input[name=scopes]")) {
  box.addEventListener("change", () => {
    const only = document.querySelector("input[name=narrowed][value=yes]");
    if (only && box.checked) only.checked = true;
  });
}

// Choosing another preset unticks them, as what is ticked counts.
for (const preset of document.querySelectorAll("input[name=narrowed]:not([value=yes])")) {
  preset.addEventListener("change", () => {
    for (const box of document.querySelectorAll("input[name=scopes]")) box.checked = false;
  });
}

// A file that was saved is a copy, too.
for (const link of document.querySelectorAll("[data-kept]")) {
  link.addEventListener("click", () => { copied = true; });
}

// What the key of the form may do, in a sentence of the catalogue.
const issue = document.querySelector("[data-issue]");
if (issue) {
  const say = JSON.parse(issue.dataset.issue);
  const fill = (text, ...values) => text.replace(/%s/g, () => values.shift());
  const tell = () => {
    const data = new FormData(issue);
    const scopes = data.getAll("scopes");
    const what = { no: say.may_no, read: say.may_read, yes: scopes.length ? fill(say.may_yes, scopes.join(", ")) : say.may_nothing }[data.get("narrowed")];
    const networks = data.get("networks").trim().split(/[\s,]+/).filter(Boolean);
    const ends = { date: data.get("date") ? fill(say.ends_date, data.get("date")) : say.ends_open, never: say.ends_never }[data.get("expiry")] || fill(say.ends_days, data.get("expiry"));
    const where = networks.length ? networks.join(say.or) : say.everywhere;
    document.getElementById("summary").textContent = fill(say.sentence, data.get("environment"), what, where, ends);
  };
  issue.addEventListener("input", tell);
  issue.addEventListener("change", tell);
  tell();
}
