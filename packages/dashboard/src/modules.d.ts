/** Style sheets, which Vite makes files of. */
declare module "*.css"
