/**
 * A URL, or undefined when `text` is none. Not `URL.canParse`: once optimised, Node 20 answers false there for names with
 * letters outside of ASCII, such as `http://bücher.test/`.
 */
export function parseUrl(text: string, base?: string): URL | undefined {
  try {
    return new URL(text, base)
  } catch {
    return undefined
  }
}
