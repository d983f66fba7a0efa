/** `?backend=wasm` in the address of a page overrides the choice of the backend. */
export const backendOf = (): string => new URLSearchParams(location.search).get('backend') ?? 'auto';
