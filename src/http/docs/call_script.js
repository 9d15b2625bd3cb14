// The forms: their curl lines, and calls to the service that served the page.

const base = location.origin + location.pathname.replace(/\/docs\/?$/, "");
const keyField = document.getElementById("page-key");
keyField.value = sessionStorage.getItem("realmgate-key") ?? "";
keyField.addEventListener("input", () => sessionStorage.setItem("realmgate-key", keyField.value));

/**
 * The request that a form describes; throws where a field is not what its kind says. `veil` is
 * for showing it: secrets stay dots.
 */
function read(form, veil = false) {
  const method = form.querySelector(".method:checked, .method[type=hidden]").value;
  const query = new URLSearchParams();
  const headers = {};
  const params = {};
  let path = form.dataset.path;
  let body;
  for (const input of form.querySelectorAll("[data-name]")) {
    const { name, where, kind, required, postOnly } = input.dataset;
    const text = veil && input.type === "password" ? "…" : input.value;
    const absent = text === "" && (required === "false" || kind !== "text");
    const off = where === "param" && method === "GET" && postOnly === "true";
    input.disabled = off;
    if (absent || off) continue;
    if (where === "path") path = path.replace(`{${name}}`, encodeURIComponent(text));
    else if (where === "header") headers[name] = text;
    else if (where === "body") body = compact(parse(name, text));
    else if (where === "spread") {
      for (const [member, value] of Object.entries(JSON.parse(parse(name, text)))) {
        for (const item of [value].flat()) query.append(member, String(item));
      }
    } else if (method === "POST") params[name] = value(name, kind, text);
    else if (kind === "list") { for (const item of items(text)) query.append(name, item); }
    else query.append(name, text);
  }
  if (method === "POST") {
    const members = Object.entries(params).map(([name, json]) => `${JSON.stringify(name)}:${json}`);
    body ??= `{"params":{${members.join(",")}}}`;
  }
  if (body !== undefined) headers["Content-Type"] = "application/json";
  return { method, path: path + (query.size > 0 ? `?${query}` : ""), headers, body };
}

/** A field's text as JSON text: digits stay as they were typed, whatever their number. */
function value(name, kind, text) {
  switch (kind) {
    case "number":
      return /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(text) ? text : JSON.stringify(text);
    case "boolean":
      return text;
    case "json":
      return compact(parse(name, text));
    case "list":
      return JSON.stringify(items(text));
    default:
      return JSON.stringify(text);
  }
}

function items(text) {
  return text.split(",").map((item) => item.trim());
}

function parse(name, text) {
  try {
    JSON.parse(text);
  } catch {
    throw new Error(`${name} must be JSON`);
  }
  return text;
}

/** The tokens of a JSON text: strings, numbers and words, and single marks. */
function tokens(json) {
  return json.match(/"(?:[^"\\]|\\.)*"|[^\s"{}[\]:,]+|[{}[\]:,]/g) ?? [];
}

function compact(json) {
  return tokens(json).join("");
}

/** Answers beyond this many characters are shown as they came. */
const MOST_COLOURED = 100_000;

/** Writes JSON text into `target`, indented and coloured, without changing a digit of it. */
function show(json, target) {
  if (json.length > MOST_COLOURED) {
    target.textContent = json;
    return;
  }
  const all = tokens(json);
  const parts = [];
  let depth = 0;
  const line = () => parts.push("\n" + "  ".repeat(depth));
  all.forEach((token, at) => {
    const opens = token === "{" || token === "[";
    const closes = token === "}" || token === "]";
    const empty = opens && /[}\]]/.test(all[at + 1] ?? "");
    if (closes && !/^[{[]$/.test(all[at - 1] ?? "")) {
      depth--;
      line();
    }
    const span = document.createElement("span");
    span.className = token.startsWith('"')
      ? all[at + 1] === ":" ? "name" : "string"
      : /^[{}[\]:,]$/.test(token)
      ? "mark"
      : "value";
    span.textContent = token === ":" ? ": " : token;
    parts.push(span);
    if (opens && !empty) {
      depth++;
      line();
    }
    if (token === ",") line();
  });
  target.replaceChildren(...parts);
}

function quote(text) {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function curl({ method, path, headers, body }) {
  const lines = [`curl ${quote(base + path)}`];
  if (method !== (body === undefined ? "GET" : "POST")) lines.push(`-X ${method}`);
  lines.push(`-H "Authorization: Bearer $REALMGATE_KEY"`);
  for (const [name, text] of Object.entries(headers)) lines.push(`-H ${quote(`${name}: ${text}`)}`);
  if (body !== undefined) lines.push(`-d ${quote(body)}`);
  return lines.join(" \\\n  ");
}

function refresh(form) {
  const line = form.querySelector(".line");
  try {
    line.textContent = curl(read(form, true));
  } catch (error) {
    line.textContent = `# ${error.message}`;
  }
}

async function send(form) {
  const state = form.querySelector(".state");
  const answer = form.querySelector(".answer");
  const list = form.querySelector(".answer-headers");
  state.className = "state";
  let call;
  try {
    call = read(form);
  } catch (error) {
    state.textContent = error.message;
    return;
  }
  const { method, path, headers, body } = call;
  if (keyField.value !== "") headers.Authorization = `Bearer ${keyField.value}`;
  state.textContent = "Sending…";
  const began = performance.now();
  try {
    const response = await fetch(base + path, { method, headers, body, credentials: "omit" });
    const text = await response.text();
    state.classList.add(response.ok ? "good" : "bad");
    state.textContent = `${response.status} · ${Math.round(performance.now() - began)} ms`;
    const shown = [...response.headers]
      .filter(([name]) => /^(realmgate-|server-timing|retry-after|x-request-id)/.test(name));
    list.replaceChildren(
      ...shown.flatMap(([name, text]) => [element("dt", name), element("dd", text)]),
    );
    list.hidden = shown.length === 0;
    answer.hidden = text === "";
    if (/json/.test(response.headers.get("content-type") ?? "")) show(text, answer);
    else answer.textContent = text;
    form.querySelector(".example")?.removeAttribute("open");
  } catch {
    state.classList.add("bad");
    state.textContent = "The service cannot be reached.";
  }
}

function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

for (const form of document.querySelectorAll(".call")) {
  refresh(form);
  form.addEventListener("input", () => refresh(form));
  form.addEventListener("keydown", (event) => {
    const { key, target, ctrlKey, metaKey } = event;
    if (key !== "Enter" || !(target.matches("input") || ctrlKey || metaKey)) return;
    event.preventDefault();
    void send(form);
  });
  form.querySelector(".send").addEventListener("click", () => void send(form));
  form.querySelector(".copy").addEventListener("click", async ({ currentTarget }) => {
    const line = form.querySelector(".line");
    try {
      await navigator.clipboard.writeText(line.textContent);
      currentTarget.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(line);
      currentTarget.textContent = "Selected";
    }
    setTimeout(() => currentTarget.textContent = "Copy curl", 1_500);
  });
}
for (const example of document.querySelectorAll(".example .json")) {
  show(example.textContent, example);
}
