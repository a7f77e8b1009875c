import type { NextFunction, Request, Response } from 'express';

/** What a page of ours may load: itself, and nothing else. Inline styles are needed by the API's documentation page. */
const contentPolicy = [
  "default-src 'self'",
  "img-src 'self' data: blob:",
  "style-src 'self' 'unsafe-inline'",
  "worker-src 'self' blob:",
  "object-src 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

export function securityHeaders(request: Request, response: Response, next: NextFunction): void {
  // The documentation page of swagger starts itself by an inline script.
  const policy = request.path.startsWith('/api/docs')
    ? `${contentPolicy}; script-src 'self' 'unsafe-inline'`
    : contentPolicy;
  response.setHeader('content-security-policy', policy);
  response.setHeader('x-content-type-options', 'nosniff');
  response.setHeader('x-frame-options', 'DENY');
  response.setHeader('referrer-policy', 'no-referrer');
  response.setHeader('cross-origin-opener-policy', 'same-origin');
  response.setHeader('cross-origin-resource-policy', 'same-origin');
  next();
}
