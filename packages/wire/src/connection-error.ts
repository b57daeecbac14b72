// What can go wrong underneath, as PeerErrors with codes of our own: the system's errors differ between transports.

import { PeerError } from '@torrential/primitives'

const codes: Readonly<Record<string, string>> = {
  ECONNRESET: 'CONNECTION_RESET',
  EPIPE: 'CONNECTION_RESET',
  ECONNABORTED: 'CONNECTION_RESET',
  ETIMEDOUT: 'CONNECTION_TIMEOUT',
}

/** `error` itself when it is a PeerError; otherwise a PeerError with `error` as its cause. */
export function toPeerError(error: unknown): PeerError {
  if (error instanceof PeerError) return error
  const { code, message } = (error ?? {}) as { readonly code?: unknown; readonly message?: unknown }
  const ours = typeof code === 'string' && Object.hasOwn(codes, code) ? (codes[code] as string) : 'CONNECTION_FAILED'
  return new PeerError(ours, `the connection failed: ${typeof message === 'string' ? message : String(error)}`, {
    cause: error,
  })
}
