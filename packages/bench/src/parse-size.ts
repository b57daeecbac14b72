const units: Readonly<Record<string, number>> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 }

/**
 * Bytes from text such as `512M`; K, M and G are powers of 1024.
 * @throws RangeError for anything else
 */
export function parseSize(text: string): number {
  const [, digits, unit = ''] = /^(\d{1,12})([KMG]?)$/.exec(text) ?? []
  const bytes = Number(digits) * (units[unit] ?? 0)
  if (!Number.isSafeInteger(bytes) || bytes < 1)
    throw new RangeError(`${JSON.stringify(text)} is not a size such as 512M or 2G`)
  return bytes
}
