import type { Exchange } from './exchange.js';

/** Only the files of the dashboard itself: no inline script or style, no other host, no frame. */
const CONTENT_SECURITY_POLICY = [
  `default-src 'none'`,
  `script-src 'self'`,
  `style-src 'self'`,
  `connect-src 'self'`,
  `img-src 'self'`,
  `form-action 'self'`,
  `base-uri 'none'`,
  `frame-ancestors 'none'`,
].join('; ');

const HEADERS = {
  'Content-Security-Policy': CONTENT_SECURITY_POLICY,
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=()',
  'X-Robots-Tag': 'noindex',
} as const;

/** @param caching `none` for everything that depends on the visitor or the ledger */
export function setSecurityHeaders(exchange: Exchange, caching: 'none' | 'versioned'): void {
  for (const [name, value] of Object.entries(HEADERS)) exchange.setHeader(name, value);
  exchange.setHeader(
    'Cache-Control',
    caching === 'none' ? 'no-store' : 'public, max-age=31536000, immutable',
  );
}
