/** The address of a file among the bundles of the live pages (made by scripts/kit.ts). */
export const kit = (file: string): URL => new URL(`${import.meta.env.BASE_URL}kit/${file}`, location.href);
