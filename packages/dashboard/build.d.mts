/** The exit code of Vite; 0 when there was nothing to do. */
export declare const build: () => number
/** Whether nothing that the page is made of has changed since it was built. */
export declare const isBuilt: () => boolean
