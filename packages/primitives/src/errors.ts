// Errors by what dies: the call (InputError), one connection (PeerError), one announce or query (SourceError), the torrent's
// disk (StorageError). Each carries a SCREAMING_SNAKE `code` that programs can rely on; the message is for people.

/** Fields beside code and message: `cause` is the error underneath, everything else becomes `data`. */
export interface ErrorDetails {
  readonly cause?: unknown
  readonly [field: string]: unknown
}

/** Base of every error that the library throws on purpose. */
export abstract class TorrentialError extends Error {
  /** SCREAMING_SNAKE, stable across releases. */
  readonly code: string
  /** What the error is about, as plain values: path, piece, url … */
  readonly data: Readonly<Record<string, unknown>>

  constructor(code: string, message: string, details: ErrorDetails = {}) {
    const { cause, ...data } = details
    super(message, cause === undefined ? undefined : { cause })
    this.name = new.target.name
    this.code = code
    this.data = data
  }
}

/** A value given to a call is wrong: a malformed torrent, an option out of range. Nothing has happened. */
export class InputError extends TorrentialError {}

/** One connection ended, or has to. `code` is the reason. */
export class PeerError extends TorrentialError {}

/** One tracker announce or other query for peers failed; it will be tried again. */
export class SourceError extends TorrentialError {}

/** Reading or writing a torrent's data failed. `data.path` names the file where there is one. */
export class StorageError extends TorrentialError {
  /** The file that it is about, if any. */
  get path(): string | undefined {
    return typeof this.data.path === 'string' ? this.data.path : undefined
  }
}

/** True for the library's own errors, also those from another copy of the package. */
export function isTorrentialError(error: unknown): error is TorrentialError {
  if (error instanceof TorrentialError) return true
  const candidate = error as { code?: unknown; data?: unknown; message?: unknown } | null
  return (
    typeof candidate === 'object' &&
    candidate !== null &&
    typeof candidate.code === 'string' &&
    typeof candidate.message === 'string' &&
    typeof candidate.data === 'object' &&
    candidate.data !== null
  )
}

/** For invariants of our own code only, never for input. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`broken invariant: ${message}`)
}
