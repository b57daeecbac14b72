// What several tests of this package need: text as bytes, and errors as their codes.

import { fromLatin1, isTorrentialError, toLatin1 } from '@torrential/primitives'

/** Bencode written as text, one character per byte. */
export const bytes = (text: string): Uint8Array => fromLatin1(text)

export const text = (value: Uint8Array): string => toLatin1(value)

/** The code of the library's error that `action` throws; `'nothing'` when it throws none. Other errors are not caught. */
export function codeOf(action: () => unknown): string {
  try {
    action()
  } catch (error) {
    if (isTorrentialError(error)) return error.code
    throw error
  }
  return 'nothing'
}
