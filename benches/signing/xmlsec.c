/* What a program on libxmlsec1 does to sign a message: parse, sign the template, serialise. */
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <string.h>
#include <xmlsec/crypto.h>
#include <xmlsec/templates.h>
#include <xmlsec/xmldsig.h>
#include <xmlsec/xmlsec.h>
#include <xmlsec/xmltree.h>

static xmlSecKeyPtr key;

int peer_init(const unsigned char *pem, int pem_len, const unsigned char *cert, int cert_len) {
    xmlInitParser();
    if (xmlSecInit() < 0 || xmlSecCryptoAppInit(NULL) < 0 || xmlSecCryptoInit() < 0) return -1;
    key = xmlSecCryptoAppKeyLoadMemory(pem, pem_len, xmlSecKeyDataFormatPem, NULL, NULL, NULL);
    if (key == NULL) return -2;
    return xmlSecCryptoAppKeyCertLoadMemory(key, cert, cert_len, xmlSecKeyDataFormatPem);
}

int peer_sign(const char *doc, int len, unsigned char *out, int room) {
    int result = -1, size = 0;
    xmlChar *octets = NULL;
    xmlSecDSigCtxPtr context = NULL;
    xmlDocPtr tree = xmlReadMemory(doc, len, NULL, NULL, XML_PARSE_NONET);
    if (tree == NULL) return -1;
    xmlNodePtr node = xmlSecFindNode(xmlDocGetRootElement(tree), xmlSecNodeSignature, xmlSecDSigNs);
    context = xmlSecDSigCtxCreate(NULL);
    if (node != NULL && context != NULL) {
        context->signKey = xmlSecKeyDuplicate(key);
        if (xmlSecDSigCtxSign(context, node) == 0) {
            xmlDocDumpMemory(tree, &octets, &size);
            if (octets != NULL && size <= room) {
                memcpy(out, octets, (size_t)size);
                result = size;
            }
        }
    }
    if (octets != NULL) xmlFree(octets);
    if (context != NULL) xmlSecDSigCtxDestroy(context);
    xmlFreeDoc(tree);
    return result;
}
