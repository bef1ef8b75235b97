#include "exporter/web_config/config.h"

#include "exporter/web_config/yaml_tree.h"

#include <stddef.h>

void web_config_free(struct web_config *config)
{
    yaml_tree_free(config->tree);
    *config = (struct web_config){.tree = NULL};
}

bool web_config_has_secrets(const struct web_config *config)
{
    return config->user_count > 0 || config->tls.key.text != NULL;
}
