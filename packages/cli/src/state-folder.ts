// Where resume records live unless --state says otherwise: the folder that the platform reserves for a program's state.
// env-paths has no `state`; on Linux its `log` is $XDG_STATE_HOME, which is meant for exactly this, elsewhere it is the data folder.

import envPaths from 'env-paths'

/** An absolute path; it may not exist yet. */
export function defaultStateFolder(platform: NodeJS.Platform = process.platform): string {
  const paths = envPaths('torrential', { suffix: '' })
  return platform === 'linux' ? paths.log : paths.data
}
