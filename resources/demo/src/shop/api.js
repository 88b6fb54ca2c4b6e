// The shop's requests. A failed answer is an answer: whoever asked decides what to do with it.
export async function request(method, path, body) {
  const response = await fetch(path, {
    method,
    headers: { accept: "application/json", ...(body ? { "content-type": "application/json", "x-csrf-token": "d3mo-n0t-a-secret" } : {}) },
    body: body ? JSON.stringify(body) : undefined,
  });
  const answer = await response.json().catch(() => ({}));
  return { ok: response.ok, status: response.status, answer };
}
