// A resume record with another content under a right checksum: what a bug or somebody clever could have written.

import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'

export async function changeRecord(path: string, change: (body: string) => string): Promise<void> {
  const text = await readFile(path, 'utf8')
  const [head = '', body = ''] = text.split('\n', 2)
  const changed = change(body)
  const digest = createHash('sha256').update(changed).digest('hex')
  await writeFile(path, `${head.slice(0, -digest.length)}${digest}\n${changed}`)
}
