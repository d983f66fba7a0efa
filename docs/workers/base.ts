/** The address of the folder of the bundles: every worker's script lies in it. */
export const base = new URL('./', location.href);
