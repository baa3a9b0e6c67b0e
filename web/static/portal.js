// Comfort only: every page works without this.
document.documentElement.classList.add("scripted");

// Moments in the reader's own zone, the exact one on hover.
for (const time of document.querySelectorAll("time[datetime]")) {
  const moment = new Date(time.dateTime);
  time.title = time.textContent;
  time.textContent = moment.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}

// Copy buttons, and a guard against leaving before the key is copied.
let copied = !document.querySelector("[data-secret]");
for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    const source = document.getElementById(button.dataset.copy);
    const status = document.getElementById("copied");
    try {
      await navigator.clipboard.writeText(source.textContent.trim());
      status.textContent = "Copied.";
    } catch {
      getSelection().selectAllChildren(source);
      status.textContent = "Selected: press Ctrl+C or ⌘C to copy.";
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

// A file that was saved is a copy, too.
for (const link of document.querySelectorAll("[data-kept]")) {
  link.addEventListener("click", () => { copied = true; });
}

// What the key of the form may do, in a sentence.
const issue = document.querySelector("[data-issue]");
if (issue) {
  const tell = () => {
    const data = new FormData(issue);
    const scopes = data.getAll("scopes");
    const what = { no: "may do whatever its service account may", read: "may only read", yes: scopes.length ? "may do " + scopes.join(", ") : "may do nothing yet: tick a scope" }[data.get("narrowed")];
    const networks = data.get("networks").trim().split(/[\s,]+/).filter(Boolean);
    const ends = { date: data.get("date") ? "until the end of " + data.get("date") : "until a day to be chosen", never: "until it is revoked" }[data.get("expiry")] || "for " + data.get("expiry") + " days";
    document.getElementById("summary").textContent = "A " + data.get("environment") + " key that " + what + ", from " + (networks.length ? networks.join(" or ") : "everywhere") + ", " + ends + ".";
  };
  issue.addEventListener("input", tell);
  issue.addEventListener("change", tell);
  tell();
}
