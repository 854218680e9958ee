s/if (out->operation != s->op && /if (shared->operation != s->op \&\& /
