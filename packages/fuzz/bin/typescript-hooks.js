// Loader hooks of from-source.js: a `.ts` file is compiled when it is imported, types are thrown away.

import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { transform } from '@swc/core'

const jsc = {
  target: 'es2022',
  parser: { syntax: 'typescript', dynamicImport: true, importMeta: true, explicitResourceManagement: true },
}

export async function load(url, context, next) {
  if (!url.startsWith('file:') || !url.endsWith('.ts')) return next(url, context)
  const filename = fileURLToPath(url)
  const { code } = await transform(await readFile(filename, 'utf8'), {
    filename,
    swcrc: false,
    configFile: false,
    sourceMaps: 'inline',
    module: { type: 'es6' },
    jsc,
  })
  return { format: 'module', source: code, shortCircuit: true }
}
