-- Step 2 of 3, once, by an administrator who may make databases. UTF-8, and an order of text that is the same on every
-- machine and under every version of the system's own libraries.

CREATE DATABASE daybook TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C';
