import type { StorageError } from '@torrential/primitives'

/**
 * What a file storage tells whoever wants to know. Every hook is called synchronously on the way, so it must be cheap and
 * must not throw. `file` is an index into `Geometry.files`; the part file is not reported.
 */
export interface StorageObserver {
  /** A handle was opened. */
  opened?(file: number, mode: 'read' | 'write'): void
  /** A handle was closed: it was the least recently used, or its torrent is done with it. */
  closed?(file: number): void
  /** `bytes` of one call, once they are there. */
  read?(file: number, bytes: number): void
  /** `bytes` of one call, once the system has them. */
  written?(file: number, bytes: number): void
  /** Something on disk was not used, and the storage goes on without it: `PART_FILE_INVALID`. */
  ignored?(error: StorageError): void
}
