// The login page: changes a key or token for the cookie that goes along with streams too.

function element<T extends HTMLElement>(id: string, kind: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`The page has no ${id}.`);
  return found;
}

const form = element("login", HTMLFormElement);
const key = element("key", HTMLInputElement);
const error = element("error", HTMLParagraphElement);

/** Why the key was refused; nothing when it was taken. */
async function logIn(): Promise<string | undefined> {
  let answer: Response;
  try {
    answer = await fetch("/login", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ key: key.value.trim() }),
    });
  } catch {
    return "The server does not answer.";
  }
  if (answer.ok) return undefined;
  const refusal: unknown = await answer.json().catch(() => undefined);
  const told =
    typeof refusal === "object" && refusal !== null && "error" in refusal ? refusal.error : "";
  return typeof told === "string" && told !== ""
    ? told
    : `The server answered with the status ${answer.status}.`;
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  error.textContent = "";
  const button = form.querySelector("button");
  if (button) button.disabled = true;
  void logIn().then((refusal) => {
    if (refusal === undefined) {
      // A link into the page, which sent here, keeps what it says about the view.
      location.replace(`/${location.search}${location.hash}`);
      return;
    }
    error.textContent = refusal;
    if (button) button.disabled = false;
    key.select();
  });
});
