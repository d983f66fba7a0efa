/** Where the repository is on the web: files that are no page of the site are linked there. */
export const repository = process.env.DR2NET_REPOSITORY ?? 'https://github.com/dr2net/dr2net-tfjs';
