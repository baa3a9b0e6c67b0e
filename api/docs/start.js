// Shows the contract and lets the reader try it: a signed-in reader's requests
// use their session, so they also send the CSRF token.
function csrfToken() {
  const cookie = document.cookie.split("; ").find((c) => c.startsWith("csrftoken="));
  return cookie ? cookie.slice("csrftoken=".length) : "";
}

window.SwaggerUIBundle({
  url: "/openapi.yaml",
  dom_id: "#reference",
  deepLinking: true,
  tryItOutEnabled: true,
  validatorUrl: null,
  requestInterceptor(request) {
    const token = csrfToken();
    if (token && new URL(request.url, location.href).origin === location.origin) {
      request.headers["X-CSRFToken"] = token;
    }
    return request;
  },
});

// Swagger UI leaves the list of servers without a name, and puts links into the
// buttons that open operations. A link without an address is no stop for the keyboard.
// Its heading of the schemas is an h4 behind the h2 of the webhooks.
function mend() {
  document.getElementById("servers")?.setAttribute("aria-label", "Server");
  for (const link of document.querySelectorAll(".opblock-summary-control a[href]")) link.removeAttribute("href");
  document.querySelector(".models > h4")?.setAttribute("aria-level", "2");
}
new MutationObserver(mend).observe(document.getElementById("reference"), { childList: true, subtree: true });
