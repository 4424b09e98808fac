/* What a program on libxml2 does to check a message: parse it, validate the tree. The schema is
 * compiled once. */
#include <libxml/parser.h>
#include <libxml/xmlschemas.h>

static void silent(void *context, const char *format, ...) { (void)context; (void)format; }

void *peer_schema(const char *path) {
    xmlSchemaParserCtxtPtr context = xmlSchemaNewParserCtxt(path);
    if (context == NULL) return NULL;
    xmlSchemaPtr schema = xmlSchemaParse(context);
    xmlSchemaFreeParserCtxt(context);
    return schema;
}

/* 0 valid, 1 invalid, -1 not XML, -2 internal. */
int peer_validate(void *schema, const char *document, int len) {
    xmlDocPtr tree = xmlReadMemory(document, len, NULL, NULL, XML_PARSE_NONET | XML_PARSE_NOERROR);
    if (tree == NULL) return -1;
    int result = -2;
    xmlSchemaValidCtxtPtr context = xmlSchemaNewValidCtxt(schema);
    if (context != NULL) {
        xmlSchemaSetValidErrors(context, silent, silent, NULL);
        int code = xmlSchemaValidateDoc(context, tree);
        result = code == 0 ? 0 : code > 0 ? 1 : -2;
        xmlSchemaFreeValidCtxt(context);
    }
    xmlFreeDoc(tree);
    return result;
}
